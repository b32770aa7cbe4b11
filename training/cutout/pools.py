"""Turns packages into arrays of subjects and photographs: python pools.py --emoji DIR --clipart DIR --photographs DIR ... --out pools

Every subject is SIDE x SIDE x 4 (BGR and straight alpha, uint8), its box filling the frame. The last eighth of each pool
(by what is drawn, not by file: the same emoji in other skin colours stays together) is held out, as `NAME-held.npy`."""

import argparse
import base64
import re
import zlib
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cv2
import numpy as np
from side import SIDE

FOLDERS = ("animals", "buildings", "containers", "education", "electronics", "food", "office", "people", "plants", "recreation",
           "science", "special", "tools", "transportation", "unsorted")
# Signs, letters, clocks, flags and the like: nobody's subject. By their first code point.
NO_EMOJI = [(0x0, 0x2BFF), (0x3000, 0x32FF), (0x1F100, 0x1F2FF), (0x1F3E7, 0x1F3E7), (0x1F4A0, 0x1F4AF), (0x1F500, 0x1F53D),
            (0x1F550, 0x1F567), (0x1F5E8, 0x1F5EF), (0x1F6AB, 0x1F6B1), (0x1F6B3, 0x1F6B3), (0x1F6B7, 0x1F6B8), (0x1F6BB, 0x1F6BC),
            (0x1F7E0, 0x1F7FF), (0xE0000, 0xFFFFF)]


def framed(picture):
    """The subject alone, as large as the frame allows, or None where there is none."""
    alpha = picture[..., 3]
    rows, columns = np.where((alpha > 24).any(1))[0], np.where((alpha > 24).any(0))[0]
    if len(rows) < 24 or len(columns) < 24:
        return None
    made = picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(np.float32)
    made[..., :3] *= made[..., 3:] / 255
    scale = (SIDE - 6) / max(made.shape[:2])
    size = (max(1, round(made.shape[1] * scale)), max(1, round(made.shape[0] * scale)))
    made = cv2.resize(made, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    whole = np.zeros((SIDE, SIDE, 4), np.float32)
    top, left = (SIDE - size[1]) // 2, (SIDE - size[0]) // 2
    whole[top : top + size[1], left : left + size[0]] = made
    whole[..., 3] = np.clip(whole[..., 3], 0, 255)
    whole[..., :3] /= np.maximum(whole[..., 3:], 1) / 255
    return np.clip(whole, 0, 255).astype(np.uint8)


def emoji(path):
    picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if picture is None or picture.ndim != 3 or picture.shape[2] != 4:
        return None
    return framed(picture)


def clipart(path):
    """One clip-art picture, if it is one filled thing and neither a rectangle nor a line drawing."""
    picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if picture is None or picture.ndim != 3 or picture.shape[2] != 4 or max(picture.shape[:2]) < 200:
        return None
    made = framed(picture)
    if made is None:
        return None
    solid = (made[..., 3] > 127).astype(np.uint8)
    count, _, stats, _ = cv2.connectedComponentsWithStats(solid)
    if count < 2 or not 0.1 < solid.mean() < 0.72 or stats[1:, cv2.CC_STAT_AREA].max() < 0.85 * solid.sum():
        return None
    inner = cv2.erode(solid, np.ones((7, 7), np.uint8)).sum()
    rows, columns = np.where(solid.any(1))[0], np.where(solid.any(0))[0]
    box = (rows[-1] - rows[0] + 1) * (columns[-1] - columns[0] + 1)
    if inner < 0.5 * solid.sum() or solid.sum() > 0.9 * box:
        return None
    colours = made[solid > 0].astype(np.float32)
    saturated = (colours.max(1) - colours.min(1) > 40).mean()
    middle = ((colours.mean(1) > 40) & (colours.mean(1) < 225)).mean()
    return made if saturated > 0.25 or middle > 0.4 else None


def light_of(path):
    """The light of a panorama, linear BGR: an .hdr file, or one of those of @pmndrs/assets."""
    if path.suffix == ".hdr":
        return cv2.imread(str(path), cv2.IMREAD_ANYDEPTH | cv2.IMREAD_COLOR)
    import OpenEXR

    text = path.read_text()
    data = base64.b64decode(re.search(r"base64,([A-Za-z0-9+/=]+)", text).group(1))
    file = Path(f"/tmp/{path.stem}.exr")
    file.write_bytes(data)
    channels = OpenEXR.File(str(file)).channels()
    pixels = channels["RGB"].pixels if "RGB" in channels else channels["RGBA"].pixels[..., :3] if "RGBA" in channels else np.dstack([channels[c].pixels for c in "RGB"])
    file.unlink()
    return pixels.astype(np.float32)[..., ::-1]


def panorama(path):
    """Views of a panorama, BGR, as cameras of several angles see it."""
    light = np.nan_to_num(light_of(path), posinf=1e3)
    light = np.clip(light, 0, 12 * np.median(light))  # lamps would ring
    views = []
    high, wide = light.shape[:2]
    random = np.random.default_rng(zlib.crc32(path.stem.encode()))
    for number in range(24):
        field = np.deg2rad(random.uniform(60, 110))
        yaw, pitch = number * 2 * np.pi / 24, random.normal(-0.05, 0.22)
        y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32) / SIDE * 2 - 1
        reach = np.tan(field / 2)
        ray = np.stack([x * reach, -y * reach, np.ones_like(x)], -1)
        c, s = np.cos(pitch), np.sin(pitch)
        ray = ray @ np.array([[1, 0, 0], [0, c, -s], [0, s, c]], np.float32)
        c, s = np.cos(yaw), np.sin(yaw)
        ray = ray @ np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]], np.float32)
        ray /= np.linalg.norm(ray, axis=-1, keepdims=True)
        u = (np.arctan2(ray[..., 0], ray[..., 2]) / (2 * np.pi) + 0.5) * wide
        v = (0.5 - np.arcsin(ray[..., 1]) / np.pi) * high
        view = cv2.remap(light, u.astype(np.float32), v.astype(np.float32), cv2.INTER_CUBIC, borderMode=cv2.BORDER_WRAP)
        view = np.clip(view, 0, None)
        exposure = random.uniform(0.35, 0.6) / (np.median(view.mean(-1)) + 1e-4)
        view = view * exposure
        view = (1 - np.exp(-view * 1.3)) ** (1 / 2.2)
        views.append(np.clip(view * 255, 0, 255).astype(np.uint8))
    return views


def grounds(path, count=14, side=2 * SIDE):
    """Sharp parts of a surface or a photograph, BGR, twice as large as a scene: what is behind in wild.py."""
    photo = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if max(photo.shape[:2]) > 2400:
        scale = 2400 / max(photo.shape[:2])
        photo = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    random, parts = np.random.default_rng(zlib.crc32(path.name.encode())), []
    for _ in range(count):
        size = int(min(photo.shape[:2]) * random.uniform(0.35, 1))
        y, x = random.integers(photo.shape[0] - size + 1), random.integers(photo.shape[1] - size + 1)
        parts.append(cv2.resize(photo[y : y + size, x : x + size], (side, side), interpolation=cv2.INTER_AREA if size > side else cv2.INTER_CUBIC))
    return parts


def keep(folder, name, subjects, groups):
    """Saves a pool in two: what is trained on and what never is."""
    held = np.array([zlib.crc32(str(group).encode()) % 8 == 0 for group in groups])
    subjects = np.stack(subjects)
    for kind, part in (("", subjects[~held]), ("-held", subjects[held])):
        np.save(folder / f"{name}{kind}.new.npy", part)
        (folder / f"{name}{kind}.new.npy").replace(folder / f"{name}{kind}.npy")
    print(name, (~held).sum(), held.sum(), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--emoji", type=Path)
    parser.add_argument("--clipart", type=Path)
    parser.add_argument("--panoramas", type=Path, nargs="*")
    parser.add_argument("--photographs", type=Path, nargs="*", help="photographs without a subject; each gives several crops")
    parser.add_argument("--grounds", type=Path, nargs="*", help="surfaces and photographs that are sharp and have no subject")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(2) as workers:
        if options.emoji:
            files, groups = [], []
            for file in sorted(options.emoji.glob("*.webp")):
                codes = [code for code in file.stem.split("-") if not re.fullmatch("1f3f[b-f]|fe0f", code)]
                first = int(codes[0], 16) if codes else 0
                if codes and not any(low <= first <= high for low, high in NO_EMOJI):
                    files.append(file)
                    groups.append(codes[0])
            made = list(workers.map(emoji, files, chunksize=32))
            keep(options.out, "emoji", [m for m in made if m is not None], [g for g, m in zip(groups, made) if m is not None])
        if options.clipart:
            files = sorted(file for folder in FOLDERS for file in (options.clipart / folder).rglob("*.png"))
            made = list(workers.map(clipart, files, chunksize=32))
            # Drawings of one author of one kind share the start of their names.
            keep(options.out, "clipart", [m for m in made if m is not None], [f.stem[:8] for f, m in zip(files, made) if m is not None])
    views, groups = [], []
    if options.panoramas:
        for file in sorted(file for folder in options.panoramas for file in (*folder.glob("*.exr.js"), *folder.glob("*.hdr"))):
            found = panorama(file)
            views += found
            groups += [file.name] * len(found)
    for file in options.photographs or []:
        photo = cv2.imread(str(file), cv2.IMREAD_COLOR)
        if max(photo.shape[:2]) > 1600:
            scale = 1600 / max(photo.shape[:2])
            photo = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        random = np.random.default_rng(zlib.crc32(file.name.encode()))
        for _ in range(16):
            side = int(min(photo.shape[:2]) * random.uniform(0.35, 1))
            y, x = random.integers(photo.shape[0] - side + 1), random.integers(photo.shape[1] - side + 1)
            views.append(cv2.resize(photo[y : y + side, x : x + side], (SIDE, SIDE), interpolation=cv2.INTER_AREA))
            groups.append(file.name)
    if views:
        keep(options.out, "views", views, groups)
    if options.grounds:
        made = [(part, file.name) for file in options.grounds for part in grounds(file)]
        keep(options.out, "grounds", [part for part, _ in made], [name for _, name in made])


if __name__ == "__main__":
    main()
