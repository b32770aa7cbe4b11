"""What is behind a subject: walls and tables, landscapes, surfaces, photographs; and how their colours are changed."""

import cv2
import numpy as np
from side import SIDE


def smooth(random, cells, least=-1.0, most=1.0, side=SIDE):
    """A soft random field."""
    return cv2.resize(random.uniform(least, most, (cells, cells)).astype(np.float32), (side, side), interpolation=cv2.INTER_CUBIC)


def crop(random, picture, least=0.4):
    """A random part of a picture as large as the picture was, often mirrored."""
    side = int(picture.shape[0] * random.uniform(least, 1))
    y, x = random.integers(picture.shape[0] - side + 1), random.integers(picture.shape[1] - side + 1)
    made = cv2.resize(np.ascontiguousarray(picture[y : y + side, x : x + side]), (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    return made[:, ::-1] if random.random() < 0.5 else made


def coloured(random, picture, strength=1.0):
    """Other colours: hue, saturation, gain and gamma of a float picture, 0-255."""
    if random.random() < 0.25:  # mixed channels
        mix = np.eye(3) + random.normal(0, 0.15 * strength, (3, 3))
        picture = picture @ (mix / np.maximum(0.3, mix.sum(0))).astype(np.float32)
    if random.random() < 0.4:
        grey = picture.mean(2, keepdims=True)
        picture = grey + (picture - grey) * random.uniform(0.0, 1.3)
    if random.random() < 0.7:  # gain and gamma of each channel by tables
        gain = random.uniform(1 - 0.35 * strength, 1 + 0.3 * strength, 3) if random.random() < 0.8 else np.ones(3)
        gamma = np.exp(random.normal(0, 0.35 * strength)) if random.random() < 0.6 else 1.0
        steps = np.arange(256)[:, None] / 255
        table = np.clip(steps**gamma * gain * 255, 0, 255).astype(np.uint8)[None]
        picture = cv2.LUT(np.clip(picture, 0, 255).astype(np.uint8), table).astype(np.float32)
    return np.clip(picture, 0, 255)


def studio(random, pools, own=None):
    """What is behind things that are for sale: a plain wall, a sweep of paper, a table before something out of focus."""
    kind, y = random.random(), np.linspace(0, 1, SIDE, dtype=np.float32)[:, None, None]
    grey = random.uniform(200, 255) if random.random() < 0.5 else random.uniform(15, 255)
    if own is not None:
        grey = own
    base = np.full(3, grey) + random.normal(0, 6, 3) * (random.random() < 0.5) if own is not None or random.random() < 0.6 else random.uniform(20, 255, 3)
    made = np.broadcast_to(base.astype(np.float32), (SIDE, SIDE, 3)).copy()
    if kind < 0.25:
        pass
    elif kind < 0.45:  # graded
        angle = random.random() * 6.28
        x = np.linspace(-0.5, 0.5, SIDE, dtype=np.float32)[None, :, None]
        made = made * (1 + random.uniform(0.05, 0.5) * (x * np.cos(angle) + (y - 0.5) * np.sin(angle)))
    elif kind < 0.6:  # brighter in the middle
        x, at = np.linspace(0, 1, SIDE, dtype=np.float32)[None, :, None], random.uniform(0.3, 0.7, 2)
        made = made * (1 - random.uniform(0.1, 0.7) * np.clip(np.hypot(x - at[0], y - at[1]) ** random.uniform(1, 2), 0, 1))
    elif kind < 0.82:  # a floor or a table, and a wall
        line, soft = random.uniform(0.45, 0.9), np.exp(random.uniform(np.log(0.002), np.log(0.15)))
        share = 1 / (1 + np.exp(np.clip(-(y - line) / soft, -50, 50)))
        floor = made * random.uniform(0.55, 1.35) + random.normal(0, 6, 3).astype(np.float32)
        if random.random() < 0.5:
            floor = crop(random, pools.background(random), 0.2).astype(np.float32) * random.uniform(0.5, 1.3)
        made = made * (1 - share) + floor * share
    else:  # a table before something out of focus
        line, soft = random.uniform(0.5, 0.9), random.uniform(0.004, 0.05)
        share = 1 / (1 + np.exp(np.clip(-(y - line) / soft, -50, 50)))
        far = cv2.GaussianBlur(crop(random, pools.background(random)).astype(np.float32), (0, 0), random.uniform(4, 14))
        near = crop(random, pools.background(random), 0.15).astype(np.float32) if random.random() < 0.6 else made
        made = far * (1 - share) + near * share
    if random.random() < 0.3:
        made = made * (1 + smooth(random, 3, -0.15, 0.15))[..., None]
    return np.ascontiguousarray(np.clip(made, 0, 255), dtype=np.float32)


def landscape(random, pools):
    """Sky with clouds or a glow, ranges of hills or roofs one before the other, woods, a field or water below."""
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32) / SIDE
    line = random.uniform(0.25, 0.8)
    top, low = (np.array(c, np.float32) * random.uniform(0.4, 1.1) + random.normal(0, 12, 3).astype(np.float32) for c in
                ([((200, 140, 80), (240, 225, 205)), ((215, 210, 205), (240, 238, 235)), ((120, 70, 60), (90, 150, 250)), ((60, 40, 30), (120, 100, 90))][random.choice(4, p=[0.45, 0.25, 0.2, 0.1])]))
    made = top + (low - top) * np.clip(y / line, 0, 1)[..., None] ** random.uniform(0.5, 2)
    if random.random() < 0.6:  # clouds
        cloud = sum(smooth(random, cells) / cells**0.6 for cells in (3, 6, 12, 24))
        cloud = np.clip((cv2.resize(cloud, (SIDE, SIDE * 2))[:SIDE] if random.random() < 0.5 else cloud) * random.uniform(1, 4) + random.uniform(-0.6, 0.3), 0, 1)[..., None] * random.uniform(0.3, 0.9)
        made = made * (1 - cloud) + random.uniform(150, 255) * cloud
    if random.random() < 0.3:  # a low sun
        at = random.uniform(0, 1), line - random.uniform(-0.05, 0.25)
        made = made + np.exp(-np.hypot(x - at[0], y - at[1]) / random.uniform(0.05, 0.3))[..., None] * np.float32([60, 150, 220]) * random.uniform(0.3, 1.5)
    tone, air = random.uniform([20, 40, 20], [90, 130, 110]).astype(np.float32), random.random()
    for depth in np.sort(random.random(random.integers(1, 5))):  # far ones first, in the colour of the air
        if random.random() < 0.25:  # roofs
            ridge = np.repeat(random.uniform(0, 0.2, random.integers(5, 16)), 40)
            ridge = cv2.resize(ridge[None].astype(np.float32), (SIDE, 1), interpolation=cv2.INTER_NEAREST)[0]
        else:
            ridge = sum(np.interp(np.linspace(0, 1, SIDE), np.linspace(0, 1, cells), random.normal(0, 1, cells)) / cells for cells in (4, 9, 20, 50, 120)) * random.uniform(0.15, 0.6)
        height = line + depth * random.uniform(0.0, 0.2) - random.uniform(0.0, 0.15) + ridge
        share = np.clip((y - height[None]) * SIDE / random.uniform(0.7, 3), 0, 1)[..., None]
        own = tone * random.uniform(0.6, 1.3)
        if random.random() < 0.6:
            grain = crop(random, pools.background(random), 0.2).astype(np.float32)
            own = own + (grain - grain.mean((0, 1))) * random.uniform(0.2, 0.9) + random.normal(0, 10, 3).astype(np.float32)
        else:
            own = own * (1 + smooth(random, int(random.integers(20, 90))) * random.uniform(0.1, 0.6))[..., None]
        own = own * (1 - air * (1 - depth) * 0.8) + low * air * (1 - depth) * 0.8
        made = made * (1 - share) + own * share
    floor = line + random.uniform(0.02, 0.3)
    share = np.clip((y - floor) * SIDE / random.uniform(1, 20), 0, 1)[..., None]
    if random.random() < 0.7:  # a field, a street, seen aslant: grain gets finer with distance
        grain = crop(random, pools.background(random), 0.15).astype(np.float32)
        if random.random() < 0.7:
            away = 1 / np.clip(y - floor + 0.06, 0.03, 2)
            grain = cv2.remap(grain, ((x - 0.5) * away * 40).astype(np.float32), (away * 60).astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        own = (grain - grain.mean((0, 1))) * random.uniform(0.2, 1) + random.uniform([20, 40, 30], [170, 190, 190]).astype(np.float32)
    else:  # water
        own = low * random.uniform(0.4, 1) * (1 + cv2.resize(random.normal(0, 1, (SIDE // 2, 12)).astype(np.float32), (SIDE, SIDE)) * random.uniform(0.02, 0.15))[..., None]
    return np.clip(made * (1 - share) + own * share, 0, 255)


def backdrop(random, pools):
    kind = random.random()
    if kind > 0.8:
        return np.ascontiguousarray(coloured(random, landscape(random, pools), 0.5), dtype=np.float32)
    if kind < 0.14:  # plain, graded
        base = np.full(3, random.uniform(20, 255)) + random.normal(0, 10, 3) if random.random() < 0.6 else random.uniform(0, 255, 3)
        made = np.broadcast_to(base.astype(np.float32), (SIDE, SIDE, 3)) * (1 + smooth(random, 3, -0.25, 0.25))[..., None]
    elif kind < 0.24:  # few large soft colours: far out of focus
        cells = int(random.integers(2, 7))
        made = cv2.resize(random.uniform(0, 255, (cells, cells, 3)).astype(np.float32), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
        made = made.mean() + (made - made.mean()) * random.uniform(0.2, 1)
    else:
        made = crop(random, pools.background(random)).astype(np.float32)
        if random.random() < 0.25:  # stripes, bars and panels: flags, windows, shelves, door frames
            for _ in range(random.integers(1, 6)):
                angle = random.choice([0, np.pi / 2]) + random.normal(0, 0.15)
                along = np.array([np.cos(angle), np.sin(angle)])
                start = random.uniform(0, SIDE, 2)
                mask = np.zeros((SIDE, SIDE), np.uint8)
                if random.random() < 0.6:
                    cv2.line(mask, tuple(np.int32(start - along * 2 * SIDE)), tuple(np.int32(start + along * 2 * SIDE)), 255, int(random.integers(3, 70)), cv2.LINE_AA)
                else:
                    corners = cv2.boxPoints(((float(start[0]), float(start[1])), (float(random.uniform(20, 200)), float(random.uniform(20, 200))), float(np.rad2deg(angle))))
                    cv2.fillPoly(mask, [np.int32(corners)], 255, cv2.LINE_AA)
                share = (mask / np.float32(255))[..., None]
                made = made * (1 - share) + share * (random.uniform(0, 255, 3).astype(np.float32) if random.random() < 0.6 else crop(random, pools.background(random)).astype(np.float32) * random.uniform(0.4, 1.4))
        made = coloured(random, made)
    return np.ascontiguousarray(made, dtype=np.float32)
