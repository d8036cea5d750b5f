"""Networks on images that torchvision does not have, written after their papers.

Sizes that no dynamic dimension changes are Python numbers: constants in the export.
"""

from functools import partial

import torch
import torchvision
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


class Lrn(torch.autograd.Function):
    """Local response normalisation as one operator: PyTorch exports its own as many."""

    @staticmethod
    def forward(ctx, x):
        return F.local_response_norm(x, 5, alpha=1e-4, beta=0.75, k=1.0)

    @staticmethod
    def symbolic(g, x):
        return g.op("LRN", x, alpha_f=1e-4, beta_f=0.75, bias_f=1.0, size_i=5)


class LocalResponseNorm(nn.Module):
    def forward(self, x):
        return Lrn.apply(x)


def conv_relu(c_in, c_out, kernel, stride=1, padding=0, groups=1):
    return nn.Sequential(nn.Conv2d(c_in, c_out, kernel, stride, padding, groups=groups), nn.ReLU())


class CaffeAlexNet(nn.Module):
    """AlexNet as trained in Caffe: two groups and local response normalisation, 227 pixels."""

    def __init__(self):
        super().__init__()
        pool = partial(nn.MaxPool2d, 3, 2)
        self.features = nn.Sequential(
            *[conv_relu(3, 96, 11, 4), LocalResponseNorm(), pool()],
            *[conv_relu(96, 256, 5, 1, 2, groups=2), LocalResponseNorm(), pool()],
            *[conv_relu(256, 384, 3, 1, 1), conv_relu(384, 384, 3, 1, 1, groups=2)],
            *[conv_relu(384, 256, 3, 1, 1, groups=2), pool()],
        )
        layers = [nn.Linear(9216, 4096), nn.ReLU(), nn.Linear(4096, 4096), nn.ReLU()]
        self.classifier = nn.Sequential(*layers, nn.Linear(4096, 1000))

    def forward(self, image):
        return F.softmax(self.classifier(self.features(image).flatten(1)), 1)


class CaffeInception(nn.Module):
    """Inception module with its 5x5 branch; torchvision's has 3x3 and batch normalisation there."""

    def __init__(self, c_in, one, to_three, three, to_five, five, pooled):
        super().__init__()
        self.branch_1 = conv_relu(c_in, one, 1)
        self.branch_2 = nn.Sequential(
            conv_relu(c_in, to_three, 1), conv_relu(to_three, three, 3, 1, 1)
        )
        self.branch_3 = nn.Sequential(conv_relu(c_in, to_five, 1), conv_relu(to_five, five, 5, 1, 2))
        self.branch_4 = nn.Sequential(nn.MaxPool2d(3, 1, 1), conv_relu(c_in, pooled, 1))

    def forward(self, x):
        branches = [self.branch_1, self.branch_2, self.branch_3, self.branch_4]
        return torch.cat([branch(x) for branch in branches], 1)


class CaffeGoogLeNet(nn.Module):
    """GoogLeNet (arXiv:1409.4842, table 1) as trained in Caffe."""

    STAGES = [
        [(192, 64, 96, 128, 16, 32, 32), (256, 128, 128, 192, 32, 96, 64)],
        [
            (480, 192, 96, 208, 16, 48, 64),
            (512, 160, 112, 224, 24, 64, 64),
            (512, 128, 128, 256, 24, 64, 64),
            (512, 112, 144, 288, 32, 64, 64),
            (528, 256, 160, 320, 32, 128, 128),
        ],
        [(832, 256, 160, 320, 32, 128, 128), (832, 384, 192, 384, 48, 128, 128)],
    ]

    def __init__(self):
        super().__init__()
        pool = partial(nn.MaxPool2d, 3, 2, ceil_mode=True)
        layers = [conv_relu(3, 64, 7, 2, 3), pool(), LocalResponseNorm()]
        layers += [conv_relu(64, 64, 1), conv_relu(64, 192, 3, 1, 1), LocalResponseNorm()]
        for stage in self.STAGES:
            layers += [pool(), *(CaffeInception(*widths) for widths in stage)]
        self.features = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1))
        self.classifier = nn.Linear(1024, 1000)

    def forward(self, image):
        return F.softmax(self.classifier(self.features(image).flatten(1)), 1)


def resnet50_v1():
    """ResNet-50 with the stride on the first convolution of a block (arXiv:1512.03385)."""
    model = torchvision.models.resnet50()
    for stage in (model.layer2, model.layer3, model.layer4):
        stage[0].conv1.stride, stage[0].conv2.stride = (2, 2), (1, 1)
    return model


def resnet101_v1d():
    """ResNet-101 with a stem of three 3x3 convolutions, and where a block halves the image, a 2x2
    average pool in front of a 1x1 convolution of stride 1 as its shortcut (arXiv:1812.01187,
    figures 2 a, c and d)."""
    model = torchvision.models.resnet101()
    last = nn.Conv2d(32, 64, 3, padding=1, bias=False)
    model.conv1 = nn.Sequential(*conv_bn(3, 32, 3, stride=2), *conv_bn(32, 32, 3), last)
    for stage in (model.layer2, model.layer3, model.layer4):
        conv, norm = stage[0].downsample
        conv.stride = (1, 1)
        stage[0].downsample = nn.Sequential(nn.AvgPool2d(2), conv, norm)
    return model


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


class DcganGenerator(nn.Sequential):
    """The generator of DCGAN (arXiv:1511.06434) for 64x64 images."""

    def __init__(self, noise=100, widths=(512, 256, 128, 64)):
        layers = [nn.ConvTranspose2d(noise, widths[0], 4, bias=False)]
        for c_in, c_out in zip(widths, (*widths[1:], 3)):
            upsample = nn.ConvTranspose2d(c_in, c_out, 4, 2, 1, bias=False)
            layers += [nn.BatchNorm2d(c_in), nn.ReLU(), upsample]
        super().__init__(*layers, nn.Tanh())


def conv_silu(c_in, c_out, kernel, stride=1):
    return nn.Sequential(*conv_bn(c_in, c_out, kernel, stride, relu=False), nn.SiLU())


class Bottleneck(nn.Module):
    def __init__(self, channels, shortcut):
        super().__init__()
        self.conv_1 = conv_silu(channels, channels, 3)
        self.conv_2 = conv_silu(channels, channels, 3)
        self.shortcut = shortcut

    def forward(self, x):
        y = self.conv_2(self.conv_1(x))
        return x + y if self.shortcut else y


class C2f(nn.Module):
    """Half of the channels go through bottlenecks; what each of them makes is concatenated."""

    def __init__(self, c_in, c_out, repeat=1, shortcut=False):
        super().__init__()
        self.split = conv_silu(c_in, c_out, 1)
        self.blocks = nn.ModuleList(Bottleneck(c_out // 2, shortcut) for _ in range(repeat))
        self.merge = conv_silu(c_out + repeat * c_out // 2, c_out, 1)

    def forward(self, x):
        parts = list(self.split(x).chunk(2, 1))
        for block in self.blocks:
            parts.append(block(parts[-1]))
        return self.merge(torch.cat(parts, 1))


class Sppf(nn.Module):
    """Spatial pyramid pooling: three small poolings in a row see what three large ones would."""

    def __init__(self, channels):
        super().__init__()
        self.reduce = conv_silu(channels, channels // 2, 1)
        self.pool = nn.MaxPool2d(5, 1, 2)
        self.merge = conv_silu(2 * channels, channels, 1)

    def forward(self, x):
        parts = [self.reduce(x)]
        for _ in range(3):
            parts.append(self.pool(parts[-1]))
        return self.merge(torch.cat(parts, 1))


class YoloHead(nn.Module):
    """Boxes and scores of one scale. A distance to a box's side is the mean of a distribution."""

    BINS = 16

    def __init__(self, c_in, stride, classes=80):
        super().__init__()
        self.stride = stride
        self.box = self.branch(c_in, 64, 4 * self.BINS)
        self.score = self.branch(c_in, 128, classes)

    @staticmethod
    def branch(c_in, width, c_out):
        convs = conv_silu(c_in, width, 3), conv_silu(width, width, 3)
        return nn.Sequential(*convs, nn.Conv2d(width, c_out, 1))

    def forward(self, x, mean):
        height, width = (int(size) for size in x.shape[2:])
        bins = self.box(x).view(-1, 4, self.BINS, height * width).transpose(1, 2)
        left, top, right, bottom = mean(bins.softmax(1)).view(-1, 4, height, width).split(1, 1)
        x_centre, y_centre = torch.arange(width) + 0.5, torch.arange(height)[:, None] + 0.5
        sides = [x_centre - left, y_centre - top, x_centre + right, y_centre + bottom]
        boxes = torch.cat(sides, 1) * self.stride
        return torch.cat([boxes, self.score(x).sigmoid()], 1).flatten(2)


class YoloS(nn.Module):
    """YOLOv8 small: C2f and SPPF in the backbone, a PAN neck, a decoupled head without anchors.
    Its output is what non-maximum suppression starts from: sides and scores of 8,400 boxes."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(
            conv_silu(3, 32, 3, 2), conv_silu(32, 64, 3, 2), C2f(64, 64, 1, True)
        )
        self.stage_3 = nn.Sequential(conv_silu(64, 128, 3, 2), C2f(128, 128, 2, True))
        self.stage_4 = nn.Sequential(conv_silu(128, 256, 3, 2), C2f(256, 256, 2, True))
        self.stage_5 = nn.Sequential(conv_silu(256, 512, 3, 2), C2f(512, 512, 1, True), Sppf(512))
        self.upsample = nn.Upsample(scale_factor=2)
        self.up_4, self.up_3 = C2f(512 + 256, 256), C2f(256 + 128, 128)
        self.reduce_3, self.reduce_4 = conv_silu(128, 128, 3, 2), conv_silu(256, 256, 3, 2)
        self.down_4, self.down_5 = C2f(128 + 256, 256), C2f(256 + 512, 512)
        self.heads = nn.ModuleList(YoloHead(c, s) for c, s in ((128, 8), (256, 16), (512, 32)))
        self.mean = nn.Conv2d(YoloHead.BINS, 1, 1, bias=False)  # with the weights 0, 1, ... 15

    def forward(self, image):
        p3 = self.stage_3(self.stem(image))
        p4 = self.stage_4(p3)
        p5 = self.stage_5(p4)
        n4 = self.up_4(torch.cat([self.upsample(p5), p4], 1))
        n3 = self.up_3(torch.cat([self.upsample(n4), p3], 1))
        n4 = self.down_4(torch.cat([self.reduce_3(n3), n4], 1))
        n5 = self.down_5(torch.cat([self.reduce_4(n4), p5], 1))
        return torch.cat([head(x, self.mean) for head, x in zip(self.heads, (n3, n4, n5))], 2)
