"""Puts subjects of all pools on backgrounds, as a camera might have seen them."""

from pathlib import Path

import cv2
import numpy as np
from backdrops import backdrop, coloured, crop, smooth, studio
from side import SIDE

cv2.setNumThreads(1)
# How often a scene's subject comes from which pool, where the pool is there.
WEIGHTS = {"drawn": 0.08, "emoji": 0.14, "clipart": 0.08, "people": 0.24, "animals": 0.16, "products": 0.2, "clothes": 0.08, "cars": 0.05, "screens": 0.045, "rings": 0.045, "creatures": 0.08}
# Subjects that are rendered already as a camera sees them, so they are dressed less.
RENDERED = ("people", "animals", "creatures", "products", "clothes", "cars", "screens", "rings")
SOLD = ("products", "clothes", "screens", "rings")


class Pools:
    """The arrays of a folder, mapped from disk. `held` chooses those that are never trained on."""

    def __init__(self, folder: Path, held: bool = False, only: str | None = None):
        self.subjects, self.weights, self.names = [], [], []
        for name, weight in WEIGHTS.items():
            file = folder / (f"{name}-held.npy" if held else f"{name}.npy")
            if file.exists() and only in (None, name):
                self.subjects.append(np.load(file, mmap_mode="r"))
                self.weights.append(weight)
                self.names.append(name)
        self.weights = np.array(self.weights) / sum(self.weights)
        self.backgrounds = [np.load(file, mmap_mode="r") for name in ("views", "walls") if (file := folder / (f"{name}-held.npy" if held else f"{name}.npy")).exists()]

    def subject(self, random):
        return self.named(random)[0]

    def named(self, random, name=None):
        """A subject, of the named pool if any is, and the pool it is from."""
        number = random.choice(len(self.subjects), p=self.weights) if name is None else self.names.index(name)
        pool = self.subjects[number]
        return np.array(pool[random.integers(len(pool))]), self.names[number]

    def background(self, random):
        pool = self.backgrounds[0 if len(self.backgrounds) < 2 or random.random() < 0.6 else 1]
        return np.array(pool[random.integers(len(pool))])


def grounded(random, made, mask):
    """The shadow, and at times the mirror image, of a thing that stands on something."""
    rows = np.where((mask > 127).any(1))[0]
    if len(rows) < 8 or rows[-1] > SIDE - 4:
        return made
    low = float(rows[-1])
    flat, lean = random.uniform(0.05, 0.5), random.normal(0, 0.5)
    # The outline lies down around its lowest point.
    matrix = np.float32([[1, lean * flat, -lean * flat * low], [0, random.choice([-1, 1], p=[0.4, 0.6]) * flat, 0]])
    matrix[1, 2] = low - matrix[1, 1] * low - random.uniform(0, 4)
    shadow = cv2.GaussianBlur(cv2.warpAffine(mask, matrix, (SIDE, SIDE)), (0, 0), np.exp(random.uniform(np.log(1.5), np.log(14))))
    return made * (1 - shadow[..., None] / 255 * random.uniform(0.1, 0.75))


def mirrored(random, made, thing):
    """Below a thing, its picture in a polished table."""
    rows = np.where((thing[..., 3] > 127).any(1))[0]
    if len(rows) < 8 or rows[-1] > SIDE - 12:
        return made
    low = int(rows[-1])
    turned = np.zeros_like(thing)
    high = min(SIDE - low - 1, low)
    turned[low + 1 : low + 1 + high] = thing[low - high : low][::-1]
    fade = np.clip(1 - (np.arange(SIDE, dtype=np.float32) - low) / random.uniform(20, 90), 0, 1) * random.uniform(0.08, 0.4)
    turned = cv2.GaussianBlur(turned, (0, 0), random.uniform(0.5, 3)) * fade[:, None, None]
    return over(made, None, turned)[0]


def dressed(random, thing, pools):
    """A subject in other colours, surfaces and light; float, straight alpha."""
    thing = thing.astype(np.float32)
    colour, alpha = thing[..., :3], thing[..., 3]
    colour = coloured(random, colour, 1.2)
    if random.random() < 0.4:  # the grain of some surface
        grain = cv2.cvtColor(crop(random, pools.background(random), 0.2), cv2.COLOR_BGR2GRAY).astype(np.float32)
        grain = grain - cv2.GaussianBlur(grain, (0, 0), 12)
        colour = colour * np.clip(1 + grain[..., None] / 128 * random.uniform(0.3, 1.6), 0.2, 2)
    if random.random() < 0.3:  # noise of some coarseness: cloth, fur
        cells = int(random.choice([32, 64, 128, 256]))
        colour = colour * (1 + smooth(random, cells)[..., None] * random.uniform(0.05, 0.35))
    if random.random() < 0.4:  # light from one side
        angle = random.random() * 6.28
        y, x = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j].astype(np.float32)
        colour = colour * np.clip(1 + (x * np.cos(angle) + y * np.sin(angle)) * random.uniform(0.1, 0.7), 0.15, 2)[..., None]
    if random.random() < 0.3:  # shadows and patches of light on it
        colour = colour * np.clip(1 + smooth(random, int(random.integers(3, 9))) * random.uniform(0.1, 0.6), 0.15, 2)[..., None]
    if random.random() < 0.3:  # made round by the distance to its edge
        inside = (alpha > 127).astype(np.uint8)
        depth = np.sqrt(cv2.distanceTransform(inside, cv2.DIST_L2, 3))
        depth = cv2.GaussianBlur(depth, (0, 0), random.uniform(2, 8))
        gx, gy = cv2.Sobel(depth, cv2.CV_32F, 1, 0), cv2.Sobel(depth, cv2.CV_32F, 0, 1)
        angle = random.random() * 6.28
        colour = colour * np.clip(1 + (gx * np.cos(angle) + gy * np.sin(angle)) * random.uniform(0.05, 0.4), 0.2, 1.9)[..., None]
    if random.random() < 0.25:  # fur: the edge is moved to and fro by fine noise
        spread = random.uniform(1.5, 6)
        soft = cv2.GaussianBlur(alpha, (0, 0), spread) / 255
        weight = alpha[..., None] / 255  # its colours go on outside
        colour = colour * weight + (1 - weight) * cv2.GaussianBlur(colour * weight, (0, 0), spread) / np.maximum(soft, 0.02)[..., None]
        rough = random.normal(0, 1, (SIDE, SIDE)).astype(np.float32)
        stroke, angle = int(random.integers(3, 13)), random.random() * 3.14
        kernel = np.zeros((stroke, stroke), np.float32)
        c = (stroke - 1) / 2
        cv2.line(kernel, (int(round(c - c * np.cos(angle))), int(round(c - c * np.sin(angle)))), (int(round(c + c * np.cos(angle))), int(round(c + c * np.sin(angle)))), 1)
        rough = cv2.filter2D(rough, -1, kernel / max(1, kernel.sum()) * np.sqrt(stroke))
        alpha = np.clip((soft - 0.5 + rough * (4 * soft * (1 - soft)) * random.uniform(0.06, 0.25)) * random.uniform(3, 9) + 0.5, 0, 1) * 255
    return np.dstack([np.clip(colour, 0, 255), alpha])


def placed(random, thing, scale, centre, turn, bent=0.35):
    """The subject where it belongs, with premultiplied colours."""
    thing[..., :3] *= thing[..., 3:] / 255
    if random.random() < bent:  # bent
        x, y = np.meshgrid(np.arange(SIDE, dtype=np.float32), np.arange(SIDE, dtype=np.float32))
        cells, strength = int(random.integers(3, 6)), random.uniform(4, 22)
        thing = cv2.remap(thing, x + smooth(random, cells) * strength, y + smooth(random, cells) * strength, cv2.INTER_LINEAR)
    if random.random() < 0.5:
        thing = np.ascontiguousarray(thing[:, ::-1])
    c, s = np.cos(turn) * scale, np.sin(turn) * scale
    wide = np.exp(random.normal(0, 0.13))
    matrix = np.array([[c * wide, s / wide, 0], [-s * wide, c / wide, 0], [0, 0, 1]])
    if random.random() < 0.3:
        matrix[2, :2] = random.normal(0, 0.0006, 2)
    to = np.array([[1, 0, centre[0]], [0, 1, centre[1]], [0, 0, 1]])
    back = np.array([[1, 0, -SIDE / 2], [0, 1, -SIDE / 2], [0, 0, 1]])
    return cv2.warpPerspective(thing, to @ matrix @ back, (SIDE, SIDE), flags=cv2.INTER_LINEAR)


def strewn(random, pools, scale):
    """A small thing that is not the subject, cheaply: where it goes, its premultiplied colours and its alpha."""
    thing = pools.subject(random)
    size = int(SIDE * min(0.55, scale * 0.6) * random.uniform(0.25, 1))
    thing = cv2.resize(thing, (size, max(4, int(size * np.exp(random.normal(0, 0.2))))), interpolation=cv2.INTER_AREA)
    if random.random() < 0.5:
        thing = thing[:, ::-1]
    alpha = thing[..., 3:].astype(np.float32) / 255
    colour = np.minimum(thing[..., :3] * random.uniform(0.5, 1.3, 3).astype(np.float32), 255)
    if random.random() < 0.3:
        colour = np.repeat(colour.mean(2, keepdims=True), 3, 2)
    return random.integers(-size // 2, SIDE - size // 2, 2), colour * alpha, alpha


def paste(made, where, colour, alpha):
    x, y = where
    box = max(0, y), min(SIDE, y + alpha.shape[0]), max(0, x), min(SIDE, x + alpha.shape[1])
    if box[0] >= box[1] or box[2] >= box[3]:
        return
    part = slice(box[0] - y, box[1] - y), slice(box[2] - x, box[3] - x)
    made[box[0] : box[1], box[2] : box[3]] = made[box[0] : box[1], box[2] : box[3]] * (1 - alpha[part]) + colour[part]


def over(made, mask, thing, share=1.0):
    alpha = np.clip(thing[..., 3:] / 255, 0, 1) * share
    made = made * (1 - alpha) + thing[..., :3] * share
    return made, None if mask is None else mask + alpha[..., 0] * (1 - mask)


def is_cut(thing):
    """Was the subject cut by the lower edge of the picture it came from?"""
    solid = thing[..., 3] > 127
    rows = np.where(solid.any(1))[0]
    if len(rows) < 16:
        return False
    low = solid[rows[-1] - 2]
    return low.sum() > 0.3 * solid.sum(1).max()


def subject_at(random, cut=False):
    """How large, where and how turned the subject is. What was cut by the lower edge is cut by it again, mostly."""
    kind = random.random()
    if cut and random.random() < 0.85:
        scale, turn = random.uniform(0.6, 1.5), random.normal(0, 0.06)
        top = random.uniform(-0.1, 0.3) * scale
        if top + scale < 1.02:
            top = 1.02 - scale
        return scale, np.array([SIDE / 2 + random.normal(0, 0.12) * SIDE, (top + scale / 2) * SIDE]), turn
    turn = random.normal(0, 0.15) if random.random() < 0.8 else random.uniform(-3.14, 3.14)
    if kind < 0.4:  # all of it
        scale = random.uniform(0.38, 0.95)
        room = (1 - scale) / 2 * SIDE
        return scale, SIDE / 2 + random.uniform(-1, 1, 2) * room * random.uniform(0.3, 1), turn
    if kind < 0.68:  # cut by the lower edge: a portrait
        scale = random.uniform(0.8, 2.1)
        top = random.uniform(-0.02, 0.3) * SIDE
        return scale, np.array([SIDE / 2 + random.normal(0, 0.13) * SIDE, top + scale * SIDE / 2]), turn * 0.5
    if kind < 0.92:  # filling the frame, cut by some edges
        scale = random.uniform(0.9, 1.7)
        return scale, SIDE / 2 + random.normal(0, 0.22, 2) * SIDE, turn
    scale = random.uniform(0.2, 0.4)
    return scale, SIDE / 2 + random.uniform(-0.3, 0.3, 2) * SIDE, turn


def laid(random, made, things, softest):
    """The things on the picture, at times out of focus, and the mask of all."""
    soft = random.uniform(0.3, softest) if random.random() < 0.4 else 0
    mask = np.zeros((SIDE, SIDE), np.float32)
    for thing in things:
        thing = np.minimum(thing, 255)
        if soft:
            thing = cv2.GaussianBlur(thing, (0, 0), soft)
        made, mask = over(made, mask, thing)
    return made, mask


def obscured(random, made, mask, pools, scale):
    """With something small and blurred before the subject."""
    thing = placed(random, dressed(random, pools.subject(random), pools), scale * random.uniform(0.15, 0.4), random.uniform(0, SIDE, 2), random.normal(0, 0.5))
    thing = cv2.GaussianBlur(thing, (0, 0), random.uniform(0.5, 5))
    made, _ = over(made, None, thing)
    mask = mask * (1 - thing[..., 3] / 255)
    return made, mask


def scene(random, pools):
    """A picture (BGR) and its mask: SIDE x SIDE x 3 and SIDE x SIDE, uint8."""
    for _ in range(20):
        thing, kind = pools.named(random)
        sold = kind in SOLD and random.random() < 0.7
        plain = random.random() < (0.6 if kind in SOLD else 0.2)
        tone = random.random() if plain else 1
        scale, centre, turn = subject_at(random, is_cut(thing) and not sold)
        if sold:  # all of it, upright
            scale, turn = random.uniform(0.4, 0.97), random.normal(0, 0.03) * (random.random() < 0.6)
            centre = SIDE / 2 + random.uniform(-1, 1, 2) * (1 - scale) / 2 * SIDE * random.uniform(0.2, 1)
        grey = None
        if tone < 0.13:  # nearly white on white
            grey, least = random.uniform(205, 255), random.uniform(110, 215)
        elif tone < 0.18:  # black on black
            grey, least = random.uniform(5, 50), -random.uniform(0.1, 0.4)

        def ready(thing):
            if kind in RENDERED and random.random() < 0.6:
                thing = thing.astype(np.float32)
                thing[..., :3] = coloured(random, thing[..., :3], 0.5)
            else:
                thing = dressed(random, thing, pools)
            if grey is not None:
                own = thing[..., :3] if random.random() < 0.3 else np.repeat(thing[..., :3].mean(2, keepdims=True), 3, 2)
                thing[..., :3] = least + own * (255 - least) / 255 if least > 0 else own * -least
            return thing

        many = 1
        if not is_cut(thing) and random.random() < {"people": 0.22, "products": 0.14, "animals": 0.08}.get(kind, 0.03):  # a group, a set
            many = int(random.integers(2, 6 if kind == "people" else 4))
            apart = random.uniform(0.18, 0.4) if kind == "people" else random.uniform(0.45, 0.85)
            scale = min(scale, random.uniform(0.75, 1.15) / (1 + apart * (many - 1))) if kind != "people" else min(scale, random.uniform(0.5, 1.1))
        first, things = random.random(), []
        for number in range(many):
            at = centre if many == 1 else np.array([SIDE / 2 + (number - (many - 1) / 2 + random.normal(0, 0.1)) * apart * scale * SIDE, centre[1] + random.normal(0, 0.03) * SIDE])
            other = thing if number == 0 or first < 0.25 else pools.named(random, kind)[0]
            things.append(placed(random, ready(other), scale * (1 if number == 0 else np.exp(random.normal(0, 0.1))), at, turn, 0.04 if sold else 0.25))
        if many == 1 and random.random() < (0.06 if plain else 0.2):  # things held, worn or stood beside
            for _ in range(random.integers(1, 3)):
                part = scale * random.uniform(0.25, 0.75)
                things.append(placed(random, dressed(random, pools.subject(random), pools), part, centre + random.normal(0, 0.2 * scale, 2) * SIDE, random.normal(0, 0.5)))
            if random.random() < 0.5:
                things.reverse()
        mask = np.max([thing[..., 3] for thing in things], axis=0)
        if 0.02 < (mask > 127).mean() < 0.88:
            break
    made = studio(random, pools, grey) if plain else backdrop(random, pools)
    if random.random() < (0.06 if plain else 0.5):  # things that are not the subject: smaller, further away
        for _ in range(random.integers(1, 7)):
            paste(made, *strewn(random, pools, scale))
    if not plain and random.random() < 0.6:
        made = cv2.GaussianBlur(made, (0, 0), np.exp(random.uniform(np.log(0.6), np.log(8))))
    if not plain and random.random() < 0.4:  # subject and background in one light
        weight = mask[..., None] / 255
        own = sum(thing[..., :3].sum((0, 1)) for thing in things) / max(1, sum(thing[..., 3].sum() for thing in things) / 255)
        other = (made * (1 - weight)).sum((0, 1)) / max(1, (1 - weight).sum())
        gain = np.clip(((other + 8) / (own + 8)) ** random.uniform(0.2, 1), 0.3, 2.5).astype(np.float32)
        for thing in things:
            thing[..., :3] = np.minimum(thing[..., :3] * gain, thing[..., 3:])
    if plain and random.random() < 0.7 or random.random() < 0.15:
        made = grounded(random, made, mask)
    if plain and random.random() < 0.15:
        made = mirrored(random, made, np.minimum(things[0], 255))
    if random.random() < (0.25 if plain else 0.4):  # a shadow on what is behind
        shadow = cv2.GaussianBlur(mask, (0, 0), random.uniform(2, 16)) / 255
        shadow = cv2.warpAffine(shadow, np.float32([[1, random.normal(0, 0.15), random.normal(0, 14)], [0, random.uniform(0.5, 1), random.uniform(-5, 60)]]), (SIDE, SIDE))
        made = made * (1 - shadow[..., None] * random.uniform(0.1, 0.6))
    made, mask = laid(random, made, things, 1.6)
    if random.random() < (0.01 if plain else 0.05):  # something before the subject
        made, mask = obscured(random, made, mask, pools, scale)
    if random.random() < 0.25:
        made = made * np.clip(1 + smooth(random, 3) * random.uniform(0.05, 0.4), 0.2, 2)[..., None]
    if random.random() < 0.4:
        made = coloured(random, made, 0.7)
    if random.random() < 0.06:
        made = np.repeat(made.mean(2, keepdims=True), 3, 2)
    if random.random() < 0.2:
        made = cv2.GaussianBlur(made, (0, 0), random.uniform(0.3, 1.2))
    if random.random() < 0.5:
        made = made + random.standard_normal(made.shape, np.float32) * np.float32(random.uniform(1, 9))
    made = np.clip(made, 0, 255).astype(np.uint8)
    if random.random() < 0.3:
        made = cv2.imdecode(cv2.imencode(".jpg", made, [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(40, 95))])[1], cv2.IMREAD_COLOR)
    return made, np.clip(mask * 255, 0, 255).astype(np.uint8)


if __name__ == "__main__":
    import sys
    import time

    found = Pools(Path(sys.argv[1]), only=sys.argv[3] if len(sys.argv) > 3 else None)
    chance = np.random.default_rng(5)
    started = time.time()
    rows = []
    for _ in range(5):
        shown = [scene(chance, found) for _ in range(8)]
        rows.append(np.hstack([picture for picture, _ in shown]))
        rows.append(np.hstack([cv2.cvtColor(mask, cv2.COLOR_GRAY2BGR) for _, mask in shown]))
    print((time.time() - started) / 40 * 1000, "ms a scene")
    cv2.imwrite(sys.argv[2], cv2.resize(np.vstack(rows), None, fx=0.7, fy=0.7, interpolation=cv2.INTER_AREA))
