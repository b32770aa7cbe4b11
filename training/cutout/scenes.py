"""Subjects with known alpha and backgrounds to put them on, all drawn from a seed."""

import sys
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import pictures  # noqa: E402
from side import SIDE  # noqa: E402

TWICE = SIDE * 2


def blob(random, parts=None):
    """A smooth closed outline by a few waves around a circle."""
    angles = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    radius = np.ones_like(angles)
    for wave in range(2, random.integers(3, 9)):
        radius += random.normal(0, 0.28 / wave) * np.cos(wave * angles + random.random() * 6.3)
    radius = np.clip(radius, 0.25, 2)
    wide, high = random.uniform(0.5, 1.0, 2)
    points = np.stack([np.cos(angles) * radius * wide, np.sin(angles) * radius * high], 1)
    return points / np.abs(points).max()


def revolved(random):
    """The outline of something turned on a lathe: bottles, vases, cups, lamps."""
    steps = random.integers(3, 8)
    heights = np.sort(random.random(steps))
    heights = (heights - heights[0]) / (heights[-1] - heights[0])
    widths = random.uniform(0.15, 0.6, steps)
    y = np.linspace(0, 1, 120)
    width = np.interp(y, heights, widths)
    if random.random() < 0.6:
        width = cv2.GaussianBlur(width.astype(np.float32)[:, None], (1, 31), random.uniform(1, 8))[:, 0]
    right = np.stack([width, y * 2 - 1], 1)
    return np.concatenate([right, right[::-1] * [-1, 1]])


def fill(canvas, points, centre, size, turn=0.0, value=255):
    c, s = np.cos(turn), np.sin(turn)
    points = points @ np.array([[c, s], [-s, c]]) * size + centre
    cv2.fillPoly(canvas, [np.round(points * 16).astype(np.int32)], value, cv2.LINE_AA, 4)


def silhouette(random):
    """A subject's outline, TWICE x TWICE uint8, and pieces that are shaded apart."""
    pieces = []
    kind = random.random()
    middle = np.array([TWICE / 2, TWICE / 2])

    def piece():
        pieces.append(np.zeros((TWICE, TWICE), np.uint8))
        return pieces[-1]

    big = TWICE * random.uniform(0.3, 0.47)
    if kind < 0.22:
        fill(piece(), revolved(random), middle, big)
        if random.random() < 0.4:  # a handle
            canvas, thick = piece(), int(big * random.uniform(0.05, 0.14))
            side = 1 if random.random() < 0.5 else -1
            centre = (int(middle[0] + side * big * 0.45), int(middle[1] + big * random.uniform(-0.3, 0.3)))
            cv2.ellipse(canvas, centre, (int(big * 0.3), int(big * 0.35)), 0, 0, 360, 255, max(2, thick), cv2.LINE_AA)
        if random.random() < 0.4:  # a cap
            fill(piece(), np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * [random.uniform(0.2, 0.6), 0.3], middle - [0, big], big * 0.35)
    elif kind < 0.36:  # a box of which two or three sides are seen
        w, h, d = random.uniform(0.3, 0.8, 3) * big
        skew, lift = random.uniform(-0.8, 0.8), random.uniform(0.1, 0.7)
        front = np.array([[-w, -h], [w, -h], [w, h], [-w, h]]) + middle
        shift = np.array([d * skew, -d * lift])
        for corners in ([front[0], front[1], front[1] + shift, front[0] + shift],
                        [front[1], front[2], front[2] + shift, front[1] + shift] if skew > 0 else [front[0], front[3], front[3] + shift, front[0] + shift],
                        front):
            fill(piece(), np.array(corners) - middle, middle, 1.0)
    elif kind < 0.62:  # a body of several rounded parts: animals, people, toys, shoes
        count = random.integers(2, 7)
        centre, size = middle + random.normal(0, 0.1, 2) * big, big * random.uniform(0.45, 0.8)
        fill(piece(), blob(random), centre, size, random.random() * 6)
        for _ in range(count - 1):
            angle = random.random() * 6.28
            reach = size * random.uniform(0.6, 1.1)
            small = size * random.uniform(0.2, 0.7)
            wide = blob(random) * [random.uniform(0.3, 1.0), 1.0]
            fill(piece(), wide, centre + reach * np.array([np.cos(angle), np.sin(angle)]), small, random.random() * 6)
    elif kind < 0.72:  # head and shoulders, cut by the lower edge
        head = big * random.uniform(0.3, 0.5)
        top = np.array([TWICE / 2 + random.normal(0, 15), TWICE * random.uniform(0.25, 0.45)])
        fill(piece(), blob(random) * [1.0, 0.6] , [top[0], TWICE * 1.0], big * random.uniform(0.9, 1.3))
        fill(piece(), np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * [0.45, 1.0], top + [0, head], head)
        fill(piece(), blob(random) * [0.85, 1.0], top, head)
        if random.random() < 0.8:
            fill(piece(), blob(random) * [1.0, 0.8], top - [0, head * 0.5], head * random.uniform(0.9, 1.2))
    elif kind < 0.82:  # a plant
        canvas = piece()
        for _ in range(random.integers(5, 24)):
            angle = -np.pi / 2 + random.normal(0, 0.7)
            reach = big * random.uniform(0.5, 1.5)
            start = middle + [random.normal(0, 8), big * 0.6]
            tip = start + reach * np.array([np.cos(angle), np.sin(angle)])
            cv2.line(canvas, tuple(np.int32(start)), tuple(np.int32(tip)), 255, int(random.integers(2, 9)), cv2.LINE_AA)
            leaf = blob(random) * [1.0, random.uniform(0.25, 0.6)]
            fill(canvas, leaf, tip, big * random.uniform(0.1, 0.35), angle)
        if random.random() < 0.6:
            fill(piece(), revolved(random), middle + [0, big * 0.75], big * 0.4)
    elif kind < 0.92:  # straight-edged things: furniture, tools, frames
        for _ in range(random.integers(2, 8)):
            bar = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * [random.uniform(0.05, 0.5), random.uniform(0.3, 1.0)]
            turn = random.choice([0, np.pi / 2]) + random.normal(0, 0.15)
            fill(piece(), bar, middle + random.normal(0, 0.35, 2) * big, big * random.uniform(0.4, 0.9), turn)
    else:
        fill(piece(), blob(random), middle, big, random.random() * 6)
        if random.random() < 0.5:  # a hole
            hole = np.zeros((TWICE, TWICE), np.uint8)
            fill(hole, blob(random), middle + random.normal(0, 0.15, 2) * big, big * random.uniform(0.2, 0.5))
            pieces[-1] = np.minimum(pieces[-1], 255 - hole)
    return pieces


def surface(random, photos):
    """What something is made of, TWICE x TWICE x 3 float."""
    kind = random.random()
    if kind < 0.4:
        photo = photos[random.integers(len(photos))]
        side = int(min(photo.shape[:2]) * random.uniform(0.15, 0.9))
        y, x = random.integers(photo.shape[0] - side + 1), random.integers(photo.shape[1] - side + 1)
        made = cv2.resize(photo[y : y + side, x : x + side], (TWICE, TWICE), interpolation=cv2.INTER_AREA if side > TWICE else cv2.INTER_CUBIC).astype(np.float32)
        if random.random() < 0.7:  # in other colours
            tint = random.uniform(0.3, 1.5, 3)
            mean = made.mean((0, 1))
            made = (made - mean) * random.uniform(0.2, 1.0) + np.clip(mean * tint + random.normal(0, 30, 3), 5, 250)
        return made
    return pictures.texture(random, TWICE, pictures.palette(random, photos))


def lit(random, mask, colour):
    """A flat piece made round: light from a side by the distance to its edge."""
    inside = (mask > 127).astype(np.uint8)
    if inside.sum() < 50:
        return colour
    depth = cv2.distanceTransform(inside, cv2.DIST_L2, 3)
    height = np.sqrt(depth / (depth.max() + 1e-6))
    height = cv2.GaussianBlur(height.astype(np.float32), (0, 0), random.uniform(3, 14)) * random.uniform(10, 60)
    gx, gy = cv2.Sobel(height, cv2.CV_32F, 1, 0, ksize=3) / 8, cv2.Sobel(height, cv2.CV_32F, 0, 1, ksize=3) / 8
    light = np.array([random.normal(0, 1), random.normal(-0.7, 0.6), random.uniform(0.4, 1.5)])
    light /= np.linalg.norm(light)
    length = np.sqrt(gx * gx + gy * gy + 1)
    lambert = np.clip((-gx * light[0] - gy * light[1] + light[2]) / length, 0, 1)
    shade = random.uniform(0.2, 0.7)
    made = colour * (shade + (1 - shade) * lambert[..., None] * random.uniform(0.9, 1.5))
    if random.random() < 0.5:
        made = made + (lambert ** random.uniform(8, 50))[..., None] * random.uniform(30, 200)
    return made


def subject(seed, photos):
    """One subject, SIDE x SIDE x 4 uint8 with straight alpha."""
    random = np.random.default_rng(seed)
    while True:
        pieces = silhouette(random)
        alpha = np.max(pieces, axis=0)
        if 0.02 < (alpha > 127).mean() < 0.8:
            break
    rgb = np.zeros((TWICE, TWICE, 3), np.float32)
    same = surface(random, photos) if random.random() < 0.5 else None
    for mask in pieces:
        colour = lit(random, mask, same if same is not None and random.random() < 0.7 else surface(random, photos))
        share = (mask / 255.0)[..., None]
        rgb = rgb * (1 - share) + colour * share
    if random.random() < 0.3:  # a label or a pattern on it
        fill_on = np.zeros((TWICE, TWICE), np.uint8)
        fill(fill_on, blob(random) if random.random() < 0.5 else np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]), np.array([TWICE / 2, TWICE / 2]) + random.normal(0, 30, 2), TWICE * random.uniform(0.05, 0.2))
        share = (np.minimum(fill_on, alpha) / 255.0)[..., None]
        rgb = rgb * (1 - share) + surface(random, photos) * share
    alpha = alpha.astype(np.float32)
    if random.random() < 0.2:  # fur: the edge is moved to and fro by fine noise
        field = cv2.GaussianBlur(alpha, (0, 0), random.uniform(3, 8)) / 255
        rough = pictures.noise(random, TWICE, random.uniform(0.2, 0.9))
        alpha = np.clip((field - 0.5 + rough * random.uniform(0.03, 0.12)) * 12 + 0.5, 0, 1) * 255
    made = np.dstack([np.clip(rgb, 0, 255), alpha])
    made[..., :3] *= made[..., 3:] / 255
    made = cv2.resize(made, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    made[..., :3] /= np.maximum(made[..., 3:], 1) / 255
    return np.clip(made, 0, 255).astype(np.uint8)


def background(seed, photos):
    """One background, SIDE x SIDE x 3 uint8."""
    random = np.random.default_rng(seed)
    kind = random.random()
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32) / SIDE
    if kind < 0.35:  # a wall, perhaps with a floor
        base = np.full(3, random.uniform(100, 250)) + random.normal(0, 12, 3) if random.random() < 0.6 else random.random(3) * 255
        made = np.broadcast_to(base, (SIDE, SIDE, 3)).astype(np.float32).copy()
        angle = random.random() * 6.28
        made *= (1 + random.uniform(0, 0.4) * ((x - 0.5) * np.cos(angle) + (y - 0.5) * np.sin(angle)))[..., None]
        if random.random() < 0.5:
            line, soft = random.uniform(0.5, 0.9), random.uniform(0.002, 0.1)
            share = 1 / (1 + np.exp(-(y - line) / soft))
            floor = made * random.uniform(0.5, 1.3) if random.random() < 0.5 else cv2.resize(surface(random, photos), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
            made = made * (1 - share[..., None]) + floor * share[..., None]
        made += pictures.noise(random, SIDE, random.uniform(0.2, 1.5))[..., None] * random.uniform(0, 5)
    elif kind < 0.8:  # part of a photograph, often out of focus
        photo = photos[random.integers(len(photos))]
        side = int(min(photo.shape[:2]) * random.uniform(0.3, 1.0))
        py, px = random.integers(photo.shape[0] - side + 1), random.integers(photo.shape[1] - side + 1)
        made = cv2.resize(photo[py : py + side, px : px + side], (SIDE, SIDE), interpolation=cv2.INTER_AREA if side > SIDE else cv2.INTER_CUBIC).astype(np.float32)
        made = made * random.uniform(0.6, 1.2, 3) + random.normal(0, 15)
    else:
        made = cv2.resize(surface(random, photos), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    if kind >= 0.35 and random.random() < 0.6:  # things that are not the subject
        for _ in range(random.integers(1, 8)):
            thing = subject(int(random.integers(1 << 40)), photos).astype(np.float32)
            size = int(SIDE * random.uniform(0.15, 0.6))
            thing = cv2.resize(thing, (size, size), interpolation=cv2.INTER_AREA)
            left, top = random.integers(-size // 2, SIDE - size // 2, 2)
            box = (max(0, top), min(SIDE, top + size), max(0, left), min(SIDE, left + size))
            part = thing[box[0] - top : box[1] - top, box[2] - left : box[3] - left]
            share = part[..., 3:] / 255
            made[box[0] : box[1], box[2] : box[3]] = made[box[0] : box[1], box[2] : box[3]] * (1 - share) + part[..., :3] * share
    if kind >= 0.35 and random.random() < 0.65:
        made = cv2.GaussianBlur(made, (0, 0), random.uniform(0.8, 9))
    return np.clip(made, 0, 255).astype(np.uint8)


def scene(random, subjects, backgrounds):
    """A picture and its mask: SIDE x SIDE x 3 and SIDE x SIDE, uint8."""
    made = backgrounds[random.integers(len(backgrounds))].astype(np.float32)
    if random.random() < 0.5:
        made = made[:, ::-1]
    if random.random() < 0.3:
        made = made * random.uniform(0.6, 1.2)
    mask = np.zeros((SIDE, SIDE), np.float32)
    for number in range(1 if random.random() < 0.9 else 2):
        thing = subjects[random.integers(len(subjects))].astype(np.float32)
        scale = random.uniform(0.55, 1.35)
        turn = random.normal(0, 8) if random.random() < 0.7 else random.uniform(-180, 180)
        matrix = cv2.getRotationMatrix2D((SIDE / 2, SIDE / 2), turn, scale)
        matrix[:, 2] += random.normal(0, 14, 2)
        if random.random() < 0.5:
            thing = thing[:, ::-1]
        thing[..., :3] *= thing[..., 3:] / 255
        thing = cv2.warpAffine(np.ascontiguousarray(thing), matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR)
        share = thing[..., 3:] / 255
        colour = thing[..., :3]
        if random.random() < 0.3:
            colour = colour * random.uniform(0.5, 1.4, 3)
        if random.random() < 0.45:  # a shadow on what is behind
            shadow = cv2.GaussianBlur(share[..., 0], (0, 0), random.uniform(2, 16))
            shadow = cv2.warpAffine(shadow, np.float32([[1, random.normal(0, 0.15), random.normal(0, 12)], [0, random.uniform(0.5, 1), random.uniform(4, 60)]]), (SIDE, SIDE))
            made = made * (1 - shadow[..., None] * random.uniform(0.1, 0.6))
        made = made * (1 - share) + np.clip(colour, 0, 255 * share)
        mask = np.maximum(mask, share[..., 0])
    if random.random() < 0.3:
        made = cv2.GaussianBlur(made, (0, 0), random.uniform(0.3, 1.3))
    if random.random() < 0.5:
        made = made + random.normal(0, random.uniform(1, 8), made.shape)
    if random.random() < 0.3:
        made = (np.clip(made, 0, 255) / 255) ** random.uniform(0.7, 1.4) * 255
    made = np.clip(made, 0, 255).astype(np.uint8)
    if random.random() < 0.4:
        made = cv2.imdecode(cv2.imencode(".jpg", made, [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(40, 95))])[1], cv2.IMREAD_COLOR)
    return made, (mask * 255).astype(np.uint8)
