"""Pictures to train on: photographs whose licence is clear, and pictures made here from a seed."""

import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

# Photographs of scikit-image's data folder, all in the public domain or CC0 (see README.md).
PHOTOGRAPHS = [
    "chelsea.png",
    "rocket.jpg",
    "brick.png",
    "grass.png",
    "gravel.png",
    "camera.png",
    "coins.png",
    "hubble_deep_field.jpg",
    "page.png",
    "text.png",
    "moon.png",
]
# Never trained on, so that figures on them mean something.
HELD_OUT = ["astronaut.png", "coffee.png"]


def photographs(folder: Path, names: list[str]) -> list[np.ndarray]:
    """The named photographs as RGB, height x width x 3, uint8."""
    return [np.asarray(Image.open(folder / name).convert("RGB")) for name in names]


def noise(random: np.random.Generator, side: int, slope: float) -> np.ndarray:
    """Noise whose amplitude falls with frequency to the power of `slope`; zero mean, unit variance, side x side."""
    frequency = np.fft.fftfreq(side)
    radius = np.sqrt(frequency[:, None] ** 2 + frequency[None, :] ** 2)
    radius[0, 0] = 1.0
    spectrum = np.exp(2j * np.pi * random.random((side, side))) / radius**slope
    spectrum[0, 0] = 0
    made = np.fft.ifft2(spectrum).real
    return (made / (made.std() + 1e-9)).astype(np.float32)


def palette(random: np.random.Generator, photos: list[np.ndarray]) -> np.ndarray:
    """Colours that occur together: pixels of one photograph, or a few random hues."""
    if photos and random.random() < 0.7:
        photo = photos[random.integers(len(photos))].reshape(-1, 3)
        return photo[random.integers(len(photo), size=24)].astype(np.float32)
    base = random.random(3) * 255
    return np.clip(base + random.normal(0, 70, (24, 3)), 0, 255).astype(np.float32)


def texture(random: np.random.Generator, side: int, colors: np.ndarray) -> np.ndarray:
    """One surface: flat, graded, noisy, striped or checked; side x side x 3 float, 0-255."""
    first, second = colors[random.integers(len(colors), size=2)]
    kind = random.random()
    y, x = np.mgrid[0:side, 0:side].astype(np.float32)
    angle = random.random() * np.pi
    along = x * np.cos(angle) + y * np.sin(angle)
    if kind < 0.25:
        share = along / side * random.normal(0, 0.6)
    elif kind < 0.6:
        share = noise(random, side, random.uniform(0.6, 1.8)) * random.uniform(0.05, 0.4)
    elif kind < 0.8:
        period = np.exp(random.uniform(np.log(3), np.log(60)))
        share = 0.5 + 0.5 * np.sin(along * 2 * np.pi / period + random.random() * 6)
        if random.random() < 0.5:
            share = (share > random.uniform(0.3, 0.7)).astype(np.float32)
    elif kind < 0.9:
        period = np.exp(random.uniform(np.log(6), np.log(60)))
        across = -x * np.sin(angle) + y * np.cos(angle)
        share = ((along // period + across // period) % 2).astype(np.float32)
    else:
        share = np.zeros_like(x)
    made = first + (second - first) * share[..., None]
    if random.random() < 0.5:
        made = made + noise(random, side, random.uniform(0.3, 1.2))[..., None] * random.uniform(1, 12)
    return made


def leaves(random: np.random.Generator, side: int, photos: list[np.ndarray]) -> np.ndarray:
    """Shapes of all sizes that hide one another ("dead leaves", Lee, Mumford and Huang, 2001), side x side x 3 uint8.

    Drawn at twice the size, so that edges are as soft as a lens makes them."""
    large = side * 2
    colors = palette(random, photos)
    surfaces = [texture(random, large, colors) for _ in range(6)]
    made = surfaces[0].copy()
    least, most = 6.0, large / 2.5
    for _ in range(int(np.exp(random.uniform(np.log(60), np.log(700))))):
        # Radii by the cube, which makes the picture look alike at every scale.
        share = random.random()
        radius = (least**-2 + share * (most**-2 - least**-2)) ** -0.5
        cx, cy = random.random(2) * large
        mask = Image.new("L", (large, large), 0)
        draw = ImageDraw.Draw(mask)
        kind = random.random()
        if kind < 0.35:
            wide, high = radius, radius * random.uniform(0.4, 1.0)
            draw.ellipse([cx - wide, cy - high, cx + wide, cy + high], fill=255)
        elif kind < 0.85:
            corners = random.integers(3, 8)
            angles = np.sort(random.random(corners)) * 2 * np.pi
            reach = radius * random.uniform(0.5, 1.0, corners)
            draw.polygon([(cx + r * np.cos(a), cy + r * np.sin(a)) for a, r in zip(angles, reach)], fill=255)
        else:
            angle, width = random.random() * 2 * np.pi, max(1, int(radius * random.uniform(0.03, 0.15)))
            reach = radius * 1.5
            ends = [(cx - reach * np.cos(angle), cy - reach * np.sin(angle))]
            ends.append((cx + reach * np.cos(angle), cy + reach * np.sin(angle)))
            draw.line(ends, fill=255, width=width)
        box = mask.getbbox()
        if box is None:
            continue
        left, top, right, bottom = box
        inside = np.asarray(mask)[top:bottom, left:right, None] > 0
        surface = surfaces[random.integers(len(surfaces))][top:bottom, left:right]
        own = colors[random.integers(len(colors))] - surface.mean(axis=(0, 1))
        shade = 1 + random.normal(0, 0.15) * np.linspace(-1, 1, bottom - top, dtype=np.float32)[:, None, None]
        made[top:bottom, left:right] = np.where(inside, (surface + own) * shade, made[top:bottom, left:right])
    picture = Image.fromarray(np.clip(made, 0, 255).astype(np.uint8))
    if random.random() < 0.5:
        picture = picture.filter(ImageFilter.GaussianBlur(random.uniform(0.3, 1.2)))
    return np.asarray(picture.resize((side, side), Image.Resampling.BOX))


def fonts() -> list[str]:
    """Font files of this machine, if any."""
    return sorted(str(path) for path in Path("/usr/share/fonts").rglob("*.ttf"))


def lettering(random: np.random.Generator, side: int, photos: list[np.ndarray], files: list[str]) -> np.ndarray:
    """Words on a surface, side x side x 3 uint8."""
    colors = palette(random, photos)
    surface = texture(random, side * 2, colors[:2])
    picture = Image.fromarray(np.clip(surface, 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,:%&()"
    y = 0
    while y < side * 2:
        size = int(np.exp(random.uniform(np.log(14), np.log(90))))
        font = ImageFont.truetype(files[random.integers(len(files))], size) if files else ImageFont.load_default(size)
        words = " ".join("".join(random.choice(list(letters), random.integers(2, 9))) for _ in range(12))
        color = tuple(int(c) for c in (random.random(3) * 255 if random.random() < 0.5 else np.full(3, random.choice([0, 20, 255]))))
        draw.text((random.integers(0, 20), y), words, fill=color, font=font)
        y += int(size * 1.3)
    return np.asarray(picture.resize((side, side), Image.Resampling.BOX))


def jpeg(picture: np.ndarray, quality: int) -> np.ndarray:
    """The picture after JPEG at that quality."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer).convert("RGB"))
