"""The network of the engine `cutout.net`; README.md says its forward pass in words."""

import torch
import torch.nn.functional as F
from torch import nn

WIDTHS = (32, 48, 80, 128, 144)
# From this level on, a second pair of convolutions whose result is added to its input.
RESIDUAL = 2
TOGETHER = 4


class Pair(nn.Module):
    """Two 3x3 convolutions, each with batch normalisation and ReLU; the input is added before the last ReLU if `add`."""

    def __init__(self, inputs: int, outputs: int, add: bool = False):
        super().__init__()
        self.add = add
        self.first = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(outputs)
        self.second = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(outputs)

    def forward(self, x):
        y = F.relu(self.first_norm(self.first(x)))
        y = self.second_norm(self.second(y))
        return F.relu(x + y if self.add else y)


class Net(nn.Module):
    """A U-Net on pixels taken together four by four.

    In: [n, 3, h, w], RGB 0-1, sides a multiple of 64. Out: [n, 1, h, w], the logit of being the subject."""

    def __init__(self, widths=WIDTHS):
        super().__init__()
        ins = (3 * TOGETHER**2,) + widths[:-1]
        self.down = nn.ModuleList(Pair(a, b) for a, b in zip(ins, widths))
        self.more = nn.ModuleList(Pair(b, b, add=True) for b in widths[RESIDUAL:])
        ups = list(zip(widths[:0:-1], widths[-2::-1]))
        self.up = nn.ModuleList(Pair(deep + side, side) for deep, side in ups)
        self.tail = nn.Conv2d(widths[0], TOGETHER**2, 3, padding=1)
        # Coarse masks, for training only.
        self.coarse = nn.ModuleList(nn.Conv2d(width, 1, 1) for width in (widths[-1], *widths[-2:0:-1]))

    def forward(self, x, coarse=False):
        x = F.pixel_unshuffle(x * 2 - 1, TOGETHER)
        kept = []
        for level, pair in enumerate(self.down):
            x = pair(x if level == 0 else F.max_pool2d(x, 2))
            if level >= RESIDUAL:
                x = self.more[level - RESIDUAL](x)
            kept.append(x)
        x = kept.pop()
        rough = [self.coarse[0](x)] if coarse else []
        for number, pair in enumerate(self.up):
            side = kept.pop()
            x = pair(torch.cat([F.interpolate(x, scale_factor=2, mode="nearest"), side], 1))
            if coarse and number + 1 < len(self.up):
                rough.append(self.coarse[number + 1](x))
        x = F.pixel_shuffle(self.tail(x), TOGETHER)
        return (x, rough) if coarse else x
