"""Puts drawings on plain and patterned grounds: python illustrations.py --clipart DIR --emoji DIR --count 600 --out drawn-pictures

Every eighth drawing (by the start of its name) is held out: it is only used with --held."""

import argparse
import sys
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import pictures  # noqa: E402

SIDE = 320


def colour(random):
    kind = random.random()
    if kind < 0.2:
        return tuple(int(c) for c in np.full(3, random.choice([0, 20, 235, 255])))
    return tuple(int(c) for c in random.integers(0, 256, 3))


def ground(random, side):
    """Plain, graded, striped, checked or dotted."""
    kind, first, second = random.random(), np.array(colour(random), float), np.array(colour(random), float)
    y, x = np.mgrid[0:side, 0:side].astype(float)
    angle = random.random() * 3.14 if random.random() < 0.5 else 0.0
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    period = np.exp(random.uniform(np.log(12), np.log(160)))
    if kind < 0.45:
        share = np.zeros_like(x)
    elif kind < 0.6:
        share = np.clip(along / side, 0, 1)
    elif kind < 0.75:
        share = (along % period < period * random.uniform(0.2, 0.8)).astype(float)
    elif kind < 0.87:
        share = ((along // period + across // period) % 2).astype(float)
    else:
        share = (np.hypot(along % period - period / 2, across % period - period / 2) < period * random.uniform(0.15, 0.4)).astype(float)
    return first + (second - first) * share[..., None]


def shapes(random, draw, side):
    """Flat shapes, half of them with an outline of one width."""
    width = int(random.integers(2, 14)) if random.random() < 0.6 else 0
    line = (10, 10, 10) if random.random() < 0.7 else colour(random)
    for _ in range(random.integers(4, 40)):
        x, y = random.uniform(-0.1, 1.0, 2) * side
        w, h = np.exp(random.uniform(np.log(0.03), np.log(0.6), 2)) * side
        kind, fill = random.random(), colour(random)
        if kind < 0.3:
            draw.ellipse((x, y, x + w, y + h), fill=fill, outline=line if width else None, width=max(1, width))
        elif kind < 0.5:
            draw.rounded_rectangle((x, y, x + w, y + h), radius=random.uniform(0, 0.5) * min(w, h), fill=fill, outline=line if width else None, width=max(1, width))
        elif kind < 0.7:
            count, start = random.integers(3, 12), random.random() * 6.3
            inner = random.uniform(0.3, 1.0)
            corners = [(x + w * 0.5 * (inner if k % 2 else 1) * np.cos(start + k * 6.283 / count), y + w * 0.5 * (inner if k % 2 else 1) * np.sin(start + k * 6.283 / count)) for k in range(count)]
            draw.polygon(corners, fill=fill, outline=line if width else None, width=max(1, width))
        elif kind < 0.85:
            t = np.linspace(0, 1, 30)[:, None]
            p = random.uniform(0, side, (4, 2))
            way = (1 - t) ** 3 * p[0] + 3 * (1 - t) ** 2 * t * p[1] + 3 * (1 - t) * t**2 * p[2] + t**3 * p[3]
            draw.line([tuple(q) for q in way], fill=line, width=max(2, width), joint="curve")
        else:
            draw.arc((x, y, x + w, y + h), random.uniform(0, 360), random.uniform(0, 360), fill=fill, width=max(3, width))


def words(random, draw, side, files):
    y = random.uniform(0, 0.2) * side
    while y < side:
        size = int(np.exp(random.uniform(np.log(side * 0.035), np.log(side * 0.3))))
        font = ImageFont.truetype(files[random.integers(len(files))], size) if files else ImageFont.load_default(size)
        text = " ".join("".join(random.choice(list("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,!?&"), random.integers(2, 9))) for _ in range(6))
        draw.text((random.uniform(0, 0.1) * side, y), text, fill=colour(random), font=font, stroke_width=int(random.integers(0, 5)) if random.random() < 0.2 else 0, stroke_fill=colour(random))
        y += size * random.uniform(1.1, 2)


def one(random, clipart, emoji, files):
    """A picture, drawn at twice the size or more, so that edges are as a renderer makes them."""
    large = SIDE * 2
    made = Image.fromarray(np.clip(ground(random, large), 0, 255).astype(np.uint8))
    kind = random.random()
    if kind < 0.6:
        for _ in range(1 if random.random() < 0.7 else 3):
            file = (emoji if kind > 0.45 else clipart)[random.integers(len(emoji if kind > 0.45 else clipart))]
            thing = Image.open(file).convert("RGBA")
            size = int(large * random.uniform(0.5, 1.3))
            scale = size / max(thing.size)
            if scale > 1.5:
                scale = 1.5
            thing = thing.resize((max(8, int(thing.width * scale)), max(8, int(thing.height * scale))), Image.Resampling.LANCZOS if scale > 1 else Image.Resampling.BOX)
            made.paste(thing, tuple(int(v) for v in random.uniform(-0.2, 0.5, 2) * large), thing)
    elif kind < 0.85:
        shapes(random, ImageDraw.Draw(made), large)
    if kind >= 0.85 or random.random() < 0.25:
        words(random, ImageDraw.Draw(made), large, files)
    return made.resize((SIDE, SIDE), Image.Resampling.BOX if random.random() < 0.5 else Image.Resampling.LANCZOS)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--clipart", type=Path, required=True)
    parser.add_argument("--emoji", type=Path, required=True)
    parser.add_argument("--count", type=int, default=600)
    parser.add_argument("--held", action="store_true")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    def chosen(files):
        return [file for file in files if (zlib.crc32(file.stem[:8].encode()) % 8 == 0) == options.held]

    clipart = chosen(file for file in sorted(options.clipart.rglob("*.png")) if file.stat().st_size > 6000)
    emoji, files = chosen(sorted(options.emoji.glob("*.webp"))), pictures.fonts()
    for number in range(options.count):
        random = np.random.default_rng(number + 10**6 * options.held)
        one(random, clipart, emoji, files).save(options.out / f"{number:05}.png")


if __name__ == "__main__":
    main()
