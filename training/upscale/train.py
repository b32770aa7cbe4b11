"""Trains the luma networks of the engine `upscale.detail`.

python train.py --scale 4 --kind clean --minutes 40 --out x4_clean.pt
"""

import argparse
import json
import random as plain_random
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import pictures  # noqa: E402

PATCH = 40
BATCH = 16


class Net(nn.Module):
    """3x3 convolutions on luma at the small size; what they give is added to the Lanczos3 enlargement.

    In: [1, 1, h, w], luma 0-1. Out: [1, scale^2, h, w], one channel per place in the enlarged pixel, row by row."""

    def __init__(self, scale: int, width: int = 32, pairs: int = 3):
        super().__init__()
        self.head = nn.Conv2d(1, width, 3, padding=1)
        self.first = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in range(pairs))
        self.second = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in range(pairs))
        self.tail = nn.Conv2d(width, scale * scale, 3, padding=1)
        for layer in self.second:
            nn.init.normal_(layer.weight, std=0.01)
            nn.init.zeros_(layer.bias)
        nn.init.normal_(self.tail.weight, std=0.002)
        nn.init.zeros_(self.tail.bias)

    def forward(self, x):
        y = F.relu(self.head(x))
        for first, second in zip(self.first, self.second):
            y = F.relu(y + second(F.relu(first(y))))
        return self.tail(y)


def lanczos(x: torch.Tensor, scale: int) -> torch.Tensor:
    """Lanczos3 enlargement of [n, 1, h, w], weights normalised at the edges."""

    def matrix(length: int) -> torch.Tensor:
        centre = (torch.arange(length * scale, dtype=torch.float64) + 0.5) / scale - 0.5
        away = centre[:, None] - torch.arange(length, dtype=torch.float64)[None, :]
        weights = torch.where(away.abs() < 3, torch.sinc(away) * torch.sinc(away / 3), 0.0)
        return (weights / weights.sum(1, keepdim=True)).float()

    return matrix(x.shape[2]) @ x @ matrix(x.shape[3]).T


def luma(rgb: np.ndarray) -> np.ndarray:
    """Full-range BT.601 luma, 0-1, of uint8 RGB."""
    return (rgb.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)) / 255


def degraded(rgb: np.ndarray, scale: int, kind: str, random: np.random.Generator) -> np.ndarray:
    """The picture made small in the way the net is to undo, uint8 RGB."""
    picture = Image.fromarray(rgb)
    size = (picture.width // scale, picture.height // scale)
    if kind == "clean":
        share = random.random()
        how = Image.Resampling.BICUBIC if share < 0.8 else Image.Resampling.LANCZOS if share < 0.9 else Image.Resampling.BOX
        return np.asarray(picture.resize(size, how))
    if kind == "illustration":
        how = [Image.Resampling.BICUBIC, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS, Image.Resampling.BOX][random.integers(4)]
        small = np.asarray(picture.resize(size, how))
        return small if random.random() < 0.5 else pictures.jpeg(small, int(random.integers(60, 96)))
    from PIL import ImageFilter

    if random.random() < 0.6:
        picture = picture.filter(ImageFilter.GaussianBlur(random.uniform(0.1, 0.45) * scale))
    how = [Image.Resampling.BICUBIC, Image.Resampling.LANCZOS, Image.Resampling.BOX, Image.Resampling.BILINEAR]
    small = np.asarray(picture.resize(size, how[random.integers(4)]))
    if random.random() < 0.5:
        spread = random.uniform(1, 9)
        grey = random.normal(0, spread, small.shape[:2])[..., None]
        colour = random.normal(0, spread * 0.6, small.shape)
        small = np.clip(small + grey * 0.8 + colour, 0, 255).astype(np.uint8)
    if random.random() < 0.85:
        small = pictures.jpeg(small, int(random.integers(35, 96)))
    return small


def pool(photos: list[np.ndarray], made: list[np.ndarray], scale: int, kind: str, random: np.random.Generator):
    """Pairs of small and large luma."""
    pairs = []
    sources = []
    for photo in photos:
        for share in (1.0, 0.75, 0.55):
            size = (int(photo.shape[1] * share), int(photo.shape[0] * share))
            sources += [np.asarray(Image.fromarray(photo).resize(size, Image.Resampling.LANCZOS))] * (1 if kind == "clean" else 3)
    sources += made * (2 if kind == "illustration" else 1)
    made = sources[len(sources) - len(made) * (2 if kind == "illustration" else 1) :]
    for source in sources:
        height, width = (length // scale * scale for length in source.shape[:2])
        source = source[:height, :width]
        pairs.append((torch.from_numpy(luma(degraded(source, scale, kind, random))), torch.from_numpy(luma(source))))
    # Photographs count for about half of all patches whatever their size.
    photographed = len(sources) - len(made)
    weights = [0.5 / max(1, photographed)] * photographed + [0.5 / max(1, len(made))] * len(made)
    return pairs, weights


def batch(pairs, weights, scale: int, random: plain_random.Random):
    small, large = [], []
    for low, high in random.choices(pairs, weights, k=BATCH):
        side = min(PATCH, *low.shape)
        y, x = random.randrange(low.shape[0] - side + 1), random.randrange(low.shape[1] - side + 1)
        low = low[y : y + side, x : x + side]
        high = high[y * scale : (y + side) * scale, x * scale : (x + side) * scale]
        turns = random.randrange(4)
        low, high = low.rot90(turns), high.rot90(turns)
        if random.random() < 0.5:
            low, high = low.flip(1), high.flip(1)
        # Another light: pictures are not always well exposed.
        gain = random.uniform(0.7, 1.0) if random.random() < 0.3 else 1.0
        small.append(F.pad(low * gain, (0, PATCH - side, 0, PATCH - side)))
        large.append(F.pad(high * gain, (0, (PATCH - side) * scale, 0, (PATCH - side) * scale)))
    return torch.stack(small)[:, None], torch.stack(large)[:, None]


def psnr(made: torch.Tensor, wanted: torch.Tensor, border: int) -> float:
    error = (made.clamp(0, 1) - wanted)[..., border:-border, border:-border] * 219
    return 10 * np.log10(255**2 / float((error**2).mean()))


def report(net, tests, scale: int) -> str:
    """PSNR on luma; of pictures of one name the mean."""
    found = {}
    with torch.no_grad():
        for name, low, high in tests:
            base = lanczos(low[None, None], scale)
            ours = base + F.pixel_shuffle(net(low[None, None]), scale)
            cubic = F.interpolate(low[None, None], scale_factor=scale, mode="bicubic", align_corners=False)
            found.setdefault(name, []).append([psnr(made, high, scale) for made in (cubic, base, ours)])
    means = {name: np.minimum(rows, 60).mean(0) for name, rows in found.items()}
    return "; ".join(f"{name}: bicubic {a:.2f} Lanczos3 {b:.2f} net {c:.2f}" for name, (a, b, c) in means.items())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--photographs", type=Path, help="folder of scikit-image's photographs; not for illustrations")
    parser.add_argument("--made", type=Path, required=True, help="folder of pictures written by make.py")
    parser.add_argument("--scale", type=int, required=True)
    parser.add_argument("--kind", choices=["clean", "restore", "illustration"], required=True)
    parser.add_argument("--held", type=Path, help="folder of pictures to measure on instead of photographs")
    parser.add_argument("--start", type=Path, help="weights (safetensors) to begin with")
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--minutes", type=float, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()

    torch.manual_seed(options.seed)
    torch.set_num_threads(1)
    random, picks = np.random.default_rng(options.seed), plain_random.Random(options.seed)
    photos = pictures.photographs(options.photographs, pictures.PHOTOGRAPHS) if options.photographs else []
    made = [np.asarray(Image.open(path)) for path in sorted(options.made.glob("*.png"))]
    pairs, weights = pool(photos, made, options.scale, options.kind, random)
    tests = []
    held = [(file.stem, np.asarray(Image.open(file).convert("RGB"))) for file in sorted(options.held.glob("*.png"))] if options.held else zip(pictures.HELD_OUT, pictures.photographs(options.photographs, pictures.HELD_OUT))
    for name, photo in held:
        height, width = (length // options.scale * options.scale for length in photo.shape[:2])
        photo = photo[:height, :width]
        small = np.asarray(Image.fromarray(photo).resize((width // options.scale, height // options.scale), Image.Resampling.BICUBIC))
        if options.kind == "restore":
            small = pictures.jpeg(small, 60)
        tests.append((name, torch.from_numpy(luma(small)), torch.from_numpy(luma(photo))))
        if options.kind == "illustration":
            tests[-1] = ("clean", *tests[-1][1:])
            tests.append(("JPEG 75", torch.from_numpy(luma(pictures.jpeg(small, 75))), tests[-1][2]))
    print(f"{len(pairs)} pictures, {len(made)} of them made here", flush=True)

    net = Net(options.scale)
    if options.start:
        from safetensors.torch import load_file

        net.load_state_dict({name: tensor.float() for name, tensor in load_file(options.start).items()})
        print("begun with:", report(net, tests, options.scale), flush=True)
    print(sum(p.numel() for p in net.parameters()), "parameters", flush=True)
    # The average of the weights over the last steps does better than any one of them.
    average = torch.optim.swa_utils.AveragedModel(net, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.999))
    optimizer = torch.optim.Adam(net.parameters(), 1e-3)
    started, step = time.monotonic(), 0
    while (share := (time.monotonic() - started) / (options.minutes * 60)) < 1:
        for group in optimizer.param_groups:
            group["lr"] = options.rate * max(0.01, 0.5 * (1 + np.cos(np.pi * share))) * min(1, (step + 1) / 200)
        low, high = batch(pairs, weights, options.scale, picks)
        ours = lanczos(low, options.scale) + F.pixel_shuffle(net(low), options.scale)
        # Charbonnier: nearly absolute, smooth at zero.
        edge = 2 * options.scale
        loss = torch.sqrt((ours - high)[..., edge:-edge, edge:-edge] ** 2 + 1e-6).mean()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 0.5)
        optimizer.step()
        average.update_parameters(net)
        step += 1
        if step % 500 == 0:
            print(f"{step} {(time.monotonic() - started) / 60:.1f} min loss {float(loss):.5f} {report(average.module, tests, options.scale)}", flush=True)
        if step % 2000 == 0:
            torch.save(average.module.state_dict(), options.out.with_suffix(".pt"))
    final = average.module.eval()
    print(f"{step} steps; {report(final, tests, options.scale)}")
    torch.save(final.state_dict(), options.out.with_suffix(".pt"))
    options.out.with_suffix(".json").write_text(json.dumps({"steps": step, "held_out": report(final, tests, options.scale)}))


if __name__ == "__main__":
    main()
