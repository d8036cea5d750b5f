"""Networks that torchvision does not have, written after their papers.

Sizes that no dynamic dimension changes are Python numbers: constants in the export.
"""

import torch
from torch import nn
from torch.nn import functional as F


def conv_bn(c_in, c_out, kernel, stride=1, groups=1, relu=True):
    layers = [
        nn.Conv2d(c_in, c_out, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(c_out),
    ]
    return nn.Sequential(*layers, nn.ReLU()) if relu else nn.Sequential(*layers)


class MobileNetV1(nn.Module):
    """MobileNet 1.0-224 (arXiv:1704.04861, table 1)."""

    # (output channels, stride) of each depthwise separable block
    BLOCKS = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)]
    BLOCKS += [(512, 1)] * 5 + [(1024, 2), (1024, 1)]

    def __init__(self):
        super().__init__()
        layers, c_in = [conv_bn(3, 32, 3, stride=2)], 32
        for c_out, stride in self.BLOCKS:
            layers += [conv_bn(c_in, c_in, 3, stride, groups=c_in), conv_bn(c_in, c_out, 1)]
            c_in = c_out
        self.features = nn.Sequential(*layers)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(c_in, 1000)

    def forward(self, image):
        return self.classifier(self.pool(self.features(image)).flatten(1))


def channel_shuffle(x, groups):
    channels, height, width = (int(size) for size in x.shape[1:])
    x = x.view(-1, groups, channels // groups, height, width)
    return x.transpose(1, 2).reshape(-1, channels, height, width)


class ShuffleUnit(nn.Module):
    """ShuffleNet unit (arXiv:1707.01083, figure 2 b and c).

    With stride 2 the pooled input is concatenated, so the branch makes only the missing channels.
    """

    def __init__(self, c_in, c_out, groups, stride, group_first):
        super().__init__()
        c_mid = c_out // 4
        c_branch = c_out - c_in if stride == 2 else c_out
        self.groups = groups
        self.reduce = conv_bn(c_in, c_mid, 1, groups=groups if group_first else 1)
        self.depthwise = conv_bn(c_mid, c_mid, 3, stride, groups=c_mid, relu=False)
        self.expand = conv_bn(c_mid, c_branch, 1, groups=groups, relu=False)
        self.shortcut = nn.AvgPool2d(3, 2, 1) if stride == 2 else None

    def forward(self, x):
        branch = channel_shuffle(self.reduce(x), self.groups)
        branch = self.expand(self.depthwise(branch))
        if self.shortcut is None:
            return F.relu(x + branch)
        return F.relu(torch.cat([self.shortcut(x), branch], 1))


class ShuffleNetV1(nn.Module):
    """ShuffleNet v1 (arXiv:1707.01083, table 1). `scale` applies to every layer, the 24-channel stem
    included (rounded up to the groups): so 0.5x costs the 38 to 40 M MACs of the paper's table 2."""

    STAGE2_CHANNELS = {1: 144, 2: 200, 3: 240, 4: 272, 8: 384}  # at 1x; doubled in stages 3 and 4

    def __init__(self, groups, scale):
        super().__init__()
        c_in = -(-int(24 * scale) // groups) * groups
        self.stem = conv_bn(3, c_in, 3, stride=2)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        units = []
        for stage, repeat in enumerate([3, 7, 3]):
            c_out = int(self.STAGE2_CHANNELS[groups] * scale) * 2**stage
            # The first 1x1 convolution of stage 2 is not grouped: its input has few channels.
            units.append(ShuffleUnit(c_in, c_out, groups, 2, group_first=stage > 0))
            units += [ShuffleUnit(c_out, c_out, groups, 1, True) for _ in range(repeat)]
            c_in = c_out
        self.units = nn.Sequential(*units)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(c_in, 1000)

    def forward(self, image):
        x = self.units(self.maxpool(self.stem(image)))
        return self.classifier(self.pool(x).flatten(1))


HEAD = 64  # features of an attention head, in BERT and in GPT-2


def split_heads(x, heads):
    """[batch, sequence, heads * HEAD] -> [batch, heads, sequence, HEAD]."""
    return x.view(x.size(0), x.size(1), heads, HEAD).transpose(1, 2)


def attention(q, k, v, heads, add_mask=None, where_mask=None):
    """[batch, heads, sequence, HEAD], three times -> [batch, sequence, heads * HEAD]."""
    scores = q @ k.transpose(-1, -2) / HEAD**0.5
    if add_mask is not None:
        scores = scores + add_mask
    if where_mask is not None:
        scores = scores.masked_fill(where_mask, torch.finfo(scores.dtype).min)
    x = (scores.softmax(-1) @ v).transpose(1, 2)
    return x.reshape(x.size(0), x.size(1), heads * HEAD)


class BertLayer(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.attention_output = nn.Linear(width, width)
        self.attention_norm = nn.LayerNorm(width, eps=1e-12)
        self.intermediate = nn.Linear(width, 4 * width)
        self.output = nn.Linear(4 * width, width)
        self.output_norm = nn.LayerNorm(width, eps=1e-12)

    def forward(self, x, mask):
        q, k, v = (split_heads(f(x), self.heads) for f in (self.query, self.key, self.value))
        context = attention(q, k, v, self.heads, add_mask=mask)
        x = self.attention_norm(x + self.attention_output(context))
        return self.output_norm(x + self.output(F.gelu(self.intermediate(x))))


class Bert(nn.Module):
    """BERT base with its pooler (arXiv:1810.04805)."""

    def __init__(self, width=768, heads=12, layers=12, vocabulary=30522, positions=512):
        super().__init__()
        self.token_embedding = nn.Embedding(vocabulary, width)
        self.position_embedding = nn.Embedding(positions, width)
        self.type_embedding = nn.Embedding(2, width)
        self.embedding_norm = nn.LayerNorm(width, eps=1e-12)
        self.layers = nn.ModuleList(BertLayer(width, heads) for _ in range(layers))
        self.pooler = nn.Linear(width, width)

    def forward(self, input_ids, attention_mask, token_type_ids):
        positions = torch.arange(input_ids.size(1))
        x = self.token_embedding(input_ids) + self.type_embedding(token_type_ids)
        x = self.embedding_norm(x + self.position_embedding(positions))
        mask = (1.0 - attention_mask[:, None, None, :].to(x.dtype)) * torch.finfo(x.dtype).min
        for layer in self.layers:
            x = layer(x, mask)
        return x, self.pooler(x[:, 0]).tanh()


class Gpt2Layer(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm_1 = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.projection = nn.Linear(width, width)
        self.norm_2 = nn.LayerNorm(width)
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)

    def forward(self, x, mask, past):
        qkv = self.qkv(self.norm_1(x)).split(self.heads * HEAD, dim=-1)
        q, k, v = (split_heads(part, self.heads) for part in qkv)
        if past:
            k, v = torch.cat([past[0], k], 2), torch.cat([past[1], v], 2)
        x = x + self.projection(attention(q, k, v, self.heads, where_mask=mask))
        return x + self.down(F.gelu(self.up(self.norm_2(x)), approximate="tanh")), k, v


class Gpt2(nn.Module):
    """GPT-2 small; the head that makes the logits is the token embedding (one shared weight).

    Without `past` it is a prefill under a causal mask. With it (key and value of each layer) it is
    one decoding step: a single new token sees everything, so it needs no mask. Both return the keys
    and values for the next step.
    """

    def __init__(self, width=768, heads=12, layers=12, vocabulary=50257, positions=1024):
        super().__init__()
        self.token_embedding = nn.Embedding(vocabulary, width)
        self.position_embedding = nn.Embedding(positions, width)
        self.layers = nn.ModuleList(Gpt2Layer(width, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(width)

    def forward(self, input_ids, *past):
        start = past[0].size(2) if past else 0
        positions = torch.arange(start, start + input_ids.size(1))
        x = self.token_embedding(input_ids) + self.position_embedding(positions)
        mask = None if past else positions[None, :] > positions[:, None]
        present = []
        for i, layer in enumerate(self.layers):
            x, key, value = layer(x, mask, past[2 * i : 2 * i + 2])
            present += [key, value]
        return (F.linear(self.norm(x), self.token_embedding.weight), *present)


class Lstm(nn.Module):
    def __init__(self, features=256, hidden=512, layers=2):
        super().__init__()
        self.lstm = nn.LSTM(features, hidden, layers, batch_first=True)

    def forward(self, x):
        output, (hidden, cell) = self.lstm(x)
        return output, hidden, cell


class UNet(nn.Module):
    """U-Net (arXiv:1505.04597) as usually trained: padded, with batch normalisation, one class."""

    WIDTHS = [64, 128, 256, 512, 1024]

    def __init__(self):
        super().__init__()
        widths, c_in = self.WIDTHS, [3] + self.WIDTHS
        self.down = nn.ModuleList(self.double_conv(a, b) for a, b in zip(c_in, widths))
        self.pool = nn.MaxPool2d(2)
        pairs = list(zip(widths[:0:-1], widths[-2::-1]))
        self.up = nn.ModuleList(nn.ConvTranspose2d(a, b, 2, 2) for a, b in pairs)
        self.merge = nn.ModuleList(self.double_conv(a, b) for a, b in pairs)
        self.head = nn.Conv2d(widths[0], 1, 1)

    @staticmethod
    def double_conv(c_in, c_out):
        return nn.Sequential(conv_bn(c_in, c_out, 3), conv_bn(c_out, c_out, 3))

    def forward(self, image):
        x, skips = self.down[0](image), []
        for stage in self.down[1:]:
            skips.append(x)
            x = stage(self.pool(x))
        for up, merge in zip(self.up, self.merge):
            x = merge(torch.cat([skips.pop(), up(x)], 1))
        return self.head(x)
