"""The denoising network of Stable Diffusion, written after its paper.

Sizes that no dynamic dimension changes are Python numbers: constants in the export.
"""

import torch
from torch import nn
from torch.nn import functional as F

HEADS = 8


def group_norm(channels, eps=1e-5):
    return nn.GroupNorm(32, channels, eps)


class ResBlock(nn.Module):
    def __init__(self, c_in, c_out, time_width):
        super().__init__()
        self.norm_1, self.conv_1 = group_norm(c_in), nn.Conv2d(c_in, c_out, 3, padding=1)
        self.time = nn.Linear(time_width, c_out)
        self.norm_2, self.conv_2 = group_norm(c_out), nn.Conv2d(c_out, c_out, 3, padding=1)
        self.skip = nn.Conv2d(c_in, c_out, 1) if c_in != c_out else nn.Identity()

    def forward(self, x, time):
        y = self.conv_1(F.silu(self.norm_1(x)))
        y = y + self.time(F.silu(time))[:, :, None, None]
        return self.skip(x) + self.conv_2(F.silu(self.norm_2(y)))


class Attention(nn.Module):
    """Attention of the image to itself, or to the text if it is given."""

    def __init__(self, width, text_width=None):
        super().__init__()
        self.query = nn.Linear(width, width, bias=False)
        self.key = nn.Linear(text_width or width, width, bias=False)
        self.value = nn.Linear(text_width or width, width, bias=False)
        self.out = nn.Linear(width, width)

    def forward(self, x, text=None):
        pixels, width = int(x.shape[1]), int(x.shape[2])
        other = x if text is None else text

        def split_heads(y):
            return y.view(-1, int(y.shape[1]), HEADS, width // HEADS).transpose(1, 2)

        q, k, v = (split_heads(y) for y in (self.query(x), self.key(other), self.value(other)))
        scores = q @ k.transpose(-1, -2) * (width // HEADS) ** -0.5
        y = (scores.softmax(-1) @ v).transpose(1, 2).reshape(-1, pixels, width)
        return self.out(y)


class Transformer(nn.Module):
    """Self attention, cross attention and a gated feed-forward network over the pixels."""

    def __init__(self, width, text_width):
        super().__init__()
        self.norm = group_norm(width, eps=1e-6)
        self.enter = nn.Conv2d(width, width, 1)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))
        self.to_self = Attention(width)
        self.to_text = Attention(width, text_width)
        self.up = nn.Linear(width, 8 * width)
        self.down = nn.Linear(4 * width, width)
        self.leave = nn.Conv2d(width, width, 1)

    def forward(self, image, text):
        channels, height, width = (int(size) for size in image.shape[1:])
        x = self.enter(self.norm(image)).view(-1, channels, height * width).transpose(1, 2)
        x = x + self.to_self(self.norms[0](x))
        x = x + self.to_text(self.norms[1](x), text)
        value, gate = self.up(self.norms[2](x)).split(4 * channels, -1)
        x = x + self.down(value * F.gelu(gate))
        return image + self.leave(x.transpose(1, 2).reshape(-1, channels, height, width))


class Block(nn.Module):
    """A residual block, and a transformer unless the resolution is the lowest."""

    def __init__(self, c_in, c_out, time_width, text_width):
        super().__init__()
        self.residual = ResBlock(c_in, c_out, time_width)
        self.transformer = Transformer(c_out, text_width) if text_width else None

    def forward(self, x, time, text):
        x = self.residual(x, time)
        return self.transformer(x, text) if self.transformer else x


class StableDiffusionUNet(nn.Module):
    """The U-Net of Stable Diffusion 1.5 (arXiv:2112.10752), for latents of 64x64."""

    WIDTHS = [320, 640, 1280, 1280]
    BLOCKS = 2  # per resolution on the way down; one more on the way up

    def __init__(self, latent=4, time_width=1280, text_width=768):
        super().__init__()
        widths, count = self.WIDTHS, len(self.WIDTHS)
        self.time_up = nn.Linear(widths[0], time_width)
        self.time_down = nn.Linear(time_width, time_width)
        self.enter = nn.Conv2d(latent, widths[0], 3, padding=1)
        # What the way down makes, the way up takes in reverse.
        channels, skips = widths[0], [widths[0]]
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        for level, width in enumerate(widths):
            text = text_width if level + 1 < count else None
            for _ in range(self.BLOCKS):
                self.down.append(Block(channels, width, time_width, text))
                channels = width
                skips.append(channels)
            if level + 1 < count:
                self.down.append(nn.Conv2d(width, width, 3, stride=2, padding=1))
                skips.append(channels)
        self.middle_1 = Block(channels, channels, time_width, text_width)
        self.middle_2 = Block(channels, channels, time_width, None)
        for level, width in reversed(list(enumerate(widths))):
            text = text_width if level + 1 < count else None
            for _ in range(self.BLOCKS + 1):
                self.up.append(Block(channels + skips.pop(), width, time_width, text))
                channels = width
            if level:
                self.up.append(nn.Conv2d(width, width, 3, padding=1))
        self.norm, self.leave = group_norm(channels), nn.Conv2d(channels, latent, 3, padding=1)

    def embed_time(self, timestep):
        half = self.WIDTHS[0] // 2
        angles = timestep[:, None] * 10000.0 ** (torch.arange(half) / -half)
        waves = torch.cat([angles.cos(), angles.sin()], -1)
        return self.time_down(F.silu(self.time_up(waves)))

    def forward(self, sample, timestep, text):
        time, x = self.embed_time(timestep), self.enter(sample)
        skips = [x]
        for stage in self.down:
            x = stage(x, time, text) if isinstance(stage, Block) else stage(x)
            skips.append(x)
        x = self.middle_2(self.middle_1(x, time, text), time, text)
        for stage in self.up:
            if isinstance(stage, Block):
                x = stage(torch.cat([x, skips.pop()], 1), time, text)
            else:
                x = stage(F.interpolate(x, scale_factor=2.0, mode="nearest"))
        return self.leave(F.silu(self.norm(x)))
