"""Meshes of round, rounded, bent and blown-up things, and what they are made of: what `goods.py` and `products.py` build with.

A mesh is a list of places, normals, places on the label (u, v) and triangles."""

import cv2
import numpy as np
from people import color
from render import normals


def surface_of(places, uv, wide):
    """A grid of points as triangles; `wide` points a row."""
    high = len(places) // wide
    a = (np.arange(high - 1)[:, None] * wide + np.arange(wide - 1)).ravel()
    triangles = np.concatenate([np.stack([a, a + 1, a + wide], 1), np.stack([a + 1, a + wide + 1, a + wide], 1)])
    return [places, normals(places, triangles), np.hstack([uv, np.zeros((len(uv), 1))]), triangles]


def lathe(radii, heights, square=2.0, flat=1.0, around=40, squeeze=None):
    """Turned about z; `square` is the exponent of its cross-section, `squeeze` flattens it by height (tubes of cream)."""
    angles = np.linspace(0, 2 * np.pi, around + 1)
    c, s = np.cos(angles), np.sin(angles)
    ring = np.stack([np.sign(c) * np.abs(c) ** (2 / square), np.sign(s) * np.abs(s) ** (2 / square) * flat], 1)
    places, uv = [], []
    reach = np.concatenate([[0], np.cumsum(np.hypot(np.diff(radii), np.diff(heights)))])
    for number, (r, h) in enumerate(zip(radii, heights)):
        own = ring * r
        if squeeze is not None:
            own = own * [1 + 0.3 * squeeze[number], 1 - 0.93 * squeeze[number]]
        places.append(np.hstack([own, np.full((around + 1, 1), h)]))
        uv.append(np.stack([angles / (2 * np.pi) * 2 % 2, np.full(around + 1, 1 - reach[number] / reach[-1])], 1))
    return surface_of(np.concatenate(places), np.concatenate(uv), around + 1)


def rounded(size, radius, cells=7):
    """A box with round edges; the label is on its two broad sides."""
    size = np.asarray(size, float)
    radius = min(radius, size.min() * 0.499)
    parts = []
    for axis in range(3):
        for sign in (-1, 1):
            t = np.sin(np.linspace(-np.pi / 2, np.pi / 2, cells))
            u, v = np.meshgrid(t, t)
            p = np.zeros((cells * cells, 3))
            p[:, axis], p[:, (axis + 1) % 3], p[:, (axis + 2) % 3] = sign, u.ravel(), v.ravel()
            p = p * size / 2
            inner = np.clip(p, -(size / 2 - radius), size / 2 - radius)
            away = p - inner
            p = inner + away / (np.linalg.norm(away, axis=1, keepdims=True) + 1e-9) * radius
            flat = [(axis + 1) % 3, (axis + 2) % 3]
            uv = p[:, flat] / size[flat] + 0.5
            uv = uv if flat[1] == 2 else uv[:, ::-1]
            uv = np.stack([uv[:, 0], 1 - uv[:, 1]], 1) + (0 if axis < 2 else 0)
            parts.append(surface_of(p, uv, cells))
    return joined(parts)


def joined(parts):
    start, made = 0, [[], [], [], []]
    for places, facing, uv, triangles in parts:
        for target, own in zip(made, (places, facing, uv, triangles + start)):
            target.append(own)
        start += len(places)
    return [np.concatenate(part) for part in made]


def tube(points, radius, around=10):
    """A round bar along points."""
    points = np.asarray(points, float)
    radius = np.broadcast_to(radius, len(points))
    along = np.gradient(points, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True) + 1e-9
    up = np.array([0.31, 0.2, 0.93])
    side = np.cross(along, up)
    side /= np.linalg.norm(side, axis=1, keepdims=True) + 1e-9
    other = np.cross(along, side)
    angles = np.linspace(0, 2 * np.pi, around + 1)
    places = points[:, None] + radius[:, None, None] * (np.cos(angles)[None, :, None] * side[:, None] + np.sin(angles)[None, :, None] * other[:, None])
    uv = np.stack(np.broadcast_arrays(angles[None] / 6.3, np.linspace(0, 1, len(points))[:, None]), -1)
    return surface_of(places.reshape(-1, 3), uv.reshape(-1, 2), around + 1)


def inflated(mask, thick, flat=0.5, cells=72):
    """An outline (image) blown up: shoes, toys, clothes. It stands in the plane x, z."""
    mask = cv2.resize(mask, (cells, cells), interpolation=cv2.INTER_AREA)
    mask = np.pad(mask, 2)
    depth = cv2.distanceTransform((mask > 127).astype(np.uint8), cv2.DIST_L2, 5)
    solid = (mask > 127).astype(np.uint8)
    depth = cv2.GaussianBlur(np.minimum(depth / (depth.max() + 1e-6) / flat, 1) ** 0.5, (0, 0), 1.0) * solid
    closed = cv2.dilate(solid, np.ones((3, 3), np.uint8)).ravel()  # both halves meet where it is thin
    side = mask.shape[0]
    parts = []
    for sign in (-1, 1):
        y, x = np.mgrid[0:side, 0:side]
        places = np.stack([x / side - 0.5, sign * depth * thick, 0.5 - y / side], -1).reshape(-1, 3)
        uv = np.stack([x / side, y / side], -1).reshape(-1, 2)
        places, facing, uv, triangles = surface_of(places, uv, side)
        keep = (closed > 0)[triangles].all(1)
        parts.append([places, facing, uv, triangles[keep]])
    return joined(parts)


def moved(part, by=(0, 0, 0), turn=None, scale=1.0):
    places, facing, uv, triangles = part
    places = places * scale
    if turn is not None:
        places, facing = places @ turn.T, facing @ turn.T
    return [places + np.asarray(by), facing, uv, triangles]


def about(axis, angle):
    c, s = np.cos(angle), np.sin(angle)
    made = np.eye(3)
    a, b = [(1, 2), (2, 0), (0, 1)][axis]
    made[a, a] = made[b, b] = c
    made[a, b], made[b, a] = -s, s
    return made


def spline(random, values, steps=40, smooth=True):
    """Values through which a line goes, smoothly."""
    x = np.linspace(0, 1, len(values))
    made = np.interp(np.linspace(0, 1, steps), x, values)
    return cv2.GaussianBlur(made.astype(np.float32)[:, None], (1, 0x1F), 2.0, borderType=cv2.BORDER_REPLICATE)[:, 0] if smooth else made


def turned(random, kind):
    """Radii and heights of something from a lathe, 0-1 high, closed below."""
    high = 1.0
    if kind == "bottle":
        r, neck = random.uniform(0.12, 0.24), random.uniform(0.03, 0.09)
        shoulder, end = random.uniform(0.5, 0.8), random.uniform(0.82, 0.95)
        z = np.array([0, 0, 0.015, 0.05, shoulder * 0.6, shoulder, end, high, high])
        w = np.array([0, r * 0.9, r * 0.97, r, r * random.uniform(0.75, 1.05), r * random.uniform(0.8, 1.0), neck, neck, 0])
    elif kind == "can":
        r = random.uniform(0.2, 0.4)
        z = np.array([0, 0, 0.05, 0.94, 0.98, 1, 0.985])
        w = np.array([0, r * 0.9, r, r, r * 0.93, r * 0.9, 0])
    elif kind == "jar":
        r = random.uniform(0.28, 0.5)
        z = np.array([0, 0, 0.06, 0.7, 0.82, 0.83, 1, 1])
        w = np.array([0, r * 0.9, r, r, r * 0.85, r * 0.9, r * 0.9, 0])
    elif kind == "cup":
        r, low = random.uniform(0.35, 0.6), random.uniform(0.5, 1.0)
        z = np.array([0, 0, 0.1, 0.6, 1, 1, 0.5, 0.06, 0.06])
        w = np.array([0, r * low, r * low * 1.05, r * (0.4 + 0.6 * low), r, r * 0.94, r * (0.34 + 0.6 * low), r * low * 0.9, 0])
    elif kind == "bowl":
        r = random.uniform(0.8, 2.2)
        z = np.array([0, 0, 0.05, 0.3, 1, 1.02, 0.4, 0.12])
        w = np.array([0, r * 0.4, r * 0.42, r * 0.75, r, r * 0.97, r * 0.72, 0])
    elif kind == "tube":
        r = random.uniform(0.14, 0.2)
        z = np.array([0, 0.01, 0.05, 0.75, 0.83, 0.83, 1, 1])
        w = np.array([r, r, r, r, r * 0.9, r * 0.6, r * 0.55, 0])
    else:  # a vase, a lamp, a chess piece
        count = random.integers(4, 9)
        z = np.concatenate([[0], np.sort(random.random(count)), [1, 1]])
        w = np.concatenate([[0], random.uniform(0.08, 0.45, count), [random.uniform(0.05, 0.4), 0]])
        return spline(random, w, 60), spline(random, z, 60)
    steps = np.linspace(0, len(z) - 1, 60)
    radii, heights = np.interp(steps, np.arange(len(z)), w), np.interp(steps, np.arange(len(z)), z)
    if random.random() < 0.7:
        radii[2:-2] = cv2.GaussianBlur(radii.astype(np.float32)[:, None], (1, 7), random.uniform(0.5, 1.5))[2:-2, 0]
    return radii, heights


def material(random, kind=None, label=0.0, where=(0, 0, 1, 1)):
    kind = kind or random.choice(["plastic", "plastic", "paint", "metal", "wood", "cloth", "leather", "ceramic", "black"])
    base = color(random)
    values = {"c0": base, "c1": base * random.uniform(0.5, 1.4), "look": [label, 0, 0.5, 0], "cut": where, "gloss": 0.4, "bump": 0.0, "scale": random.uniform(8, 30), "seed": random.random()}
    if random.random() < 0.22:
        values["c0"] = np.full(3, random.uniform(0.6, 0.95))
    if kind == "metal":
        values["c0"] = np.array([[0.75, 0.75, 0.76], [0.9, 0.65, 0.3], [0.8, 0.45, 0.3], [0.3, 0.3, 0.32]])[random.integers(4)]
        values["look"] = [label, random.uniform(0.6, 1), random.uniform(0.05, 0.8), 0]
        values["gloss"] = 1.0
    elif kind == "wood":
        values["c0"] = np.array([0.35, 0.19, 0.09]) * random.uniform(0.3, 1.7)
        values["c1"] = values["c0"] * random.uniform(0.5, 0.8)
        values["look"], values["gloss"] = [label, 0, 0.8, 2], 0.2
    elif kind in ("cloth", "leather"):
        values["look"], values["gloss"], values["bump"] = [label, 0, 1, float(random.random() < 0.2)], 0.05 if kind == "cloth" else 0.4, random.uniform(0.3, 1.5)
        values["scale"] = random.uniform(20, 120)
    elif kind == "black":
        values["c0"] = np.full(3, random.uniform(0.01, 0.05))
        values["look"], values["gloss"] = [label, 0, random.uniform(0, 0.8), 0], random.uniform(0.3, 1.5)
    else:
        values["look"], values["gloss"] = [label, 0, random.uniform(0, 0.8), float(random.random() < 0.1)], random.uniform(0.1, 1.8)
    return values
