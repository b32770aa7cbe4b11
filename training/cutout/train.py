"""Trains the network of the engine `cutout.net`: python train.py --parts parts --minutes 60 --out cutout.pt"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parent))
import scenes  # noqa: E402

BATCH = 8
WIDTHS = (32, 64, 96, 128, 192)
TOGETHER = 4


class Pair(nn.Module):
    """Two 3x3 convolutions, each with batch normalisation and ReLU."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(outputs)
        self.second = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(outputs)

    def forward(self, x):
        x = F.relu(self.first_norm(self.first(x)))
        return F.relu(self.second_norm(self.second(x)))


class Net(nn.Module):
    """A U-Net on pixels taken together four by four.

    In: [n, 3, h, w], RGB 0-1, sides a multiple of 64. Out: [n, 1, h, w], the logit of being the subject."""

    def __init__(self, widths=WIDTHS):
        super().__init__()
        ins = (3 * TOGETHER**2,) + widths[:-1]
        self.down = nn.ModuleList(Pair(a, b) for a, b in zip(ins, widths))
        ups = list(zip(widths[:0:-1], widths[-2::-1]))
        self.up = nn.ModuleList(Pair(deep + side, side) for deep, side in ups)
        self.tail = nn.Conv2d(widths[0], TOGETHER**2, 3, padding=1)

    def forward(self, x):
        x = F.pixel_unshuffle(x * 2 - 1, TOGETHER)
        kept = []
        for level, pair in enumerate(self.down):
            x = pair(x if level == 0 else F.max_pool2d(x, 2))
            kept.append(x)
        x = kept.pop()
        for pair in self.up:
            side = kept.pop()
            x = pair(torch.cat([F.interpolate(x, scale_factor=2, mode="nearest"), side], 1))
        return F.pixel_shuffle(self.tail(x), TOGETHER)


def batch(random, subjects, backgrounds, count=BATCH):
    made = [scenes.scene(random, subjects, backgrounds) for _ in range(count)]
    pictures = torch.from_numpy(np.stack([picture for picture, _ in made])).permute(0, 3, 1, 2).float() / 255
    masks = torch.from_numpy(np.stack([mask for _, mask in made]))[:, None].float() / 255
    return pictures, masks


def measure(net, tests):
    net.eval()
    union = shared = error = count = 0.0
    each = []
    with torch.no_grad():
        for pictures, masks in tests:
            found = torch.sigmoid(net(pictures))
            error += float((found - masks).abs().mean()) * len(masks)
            count += len(masks)
            for one, truth in zip(found > 0.5, masks > 0.5):
                each.append(float((one & truth).sum()) / max(1.0, float((one | truth).sum())))
    net.train()
    return sum(each) / len(each), error / count


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--parts", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    random = np.random.default_rng(options.seed)
    subjects, backgrounds = (np.load(options.parts / f"{name}.npy") for name in ("subjects", "backgrounds"))
    # The last of each are never trained on.
    held = 120
    apart = np.random.default_rng(99)
    tests = [batch(apart, subjects[-held:], backgrounds[-held:]) for _ in range(16)]
    subjects, backgrounds = subjects[:-held], backgrounds[:-held]
    net = Net().to(memory_format=torch.channels_last)
    print(sum(p.numel() for p in net.parameters()), "parameters", flush=True)
    average = torch.optim.swa_utils.AveragedModel(net, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.998), use_buffers=True)
    optimizer = torch.optim.AdamW(net.parameters(), 2e-3, weight_decay=1e-4)
    started, step = time.monotonic(), 0
    while (share := (time.monotonic() - started) / (options.minutes * 60)) < 1:
        for group in optimizer.param_groups:
            group["lr"] = 2e-3 * max(0.01, 0.5 * (1 + np.cos(np.pi * share))) * min(1, (step + 1) / 100)
        pictures, masks = batch(random, subjects, backgrounds)
        logits = net(pictures.to(memory_format=torch.channels_last))
        found = torch.sigmoid(logits)
        shared = (found * masks).sum((1, 2, 3))
        dice = 1 - (2 * shared + 1) / (found.sum((1, 2, 3)) + masks.sum((1, 2, 3)) + 1)
        loss = F.binary_cross_entropy_with_logits(logits, masks) + dice.mean() * 0.5
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        average.update_parameters(net)
        step += 1
        if step % 200 == 0:
            iou, error = measure(average.module, tests) if step > 600 else measure(net, tests)
            print(f"{step} {(time.monotonic() - started) / 60:.1f} min loss {float(loss):.4f} held out: IoU {iou:.4f} MAE {error:.4f}", flush=True)
            torch.save(average.module.state_dict(), options.out)
    torch.save(average.module.state_dict(), options.out)


if __name__ == "__main__":
    main()
