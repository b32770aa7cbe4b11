"""Scenes out of doors and among other things: what is behind is as sharp, as rich and often as bright as the subject.

`compose.scene` mostly puts subjects before something plain or blurred. Here they stand on ground that has grain, before rock, leaves,
walls, water, rows of other things and other people; in hard light with hard shadows; small in the frame; in the colours of the place."""

from pathlib import Path

import compose
import cv2
import numpy as np
from backdrops import coloured, crop, landscape, smooth
from compose import Pools, dressed, is_cut, laid, obscured, over, paste, placed, strewn, subject_at
from side import SIDE

# How often a subject comes from which pool.
WEIGHTS = {"people": 0.34, "animals": 0.18, "creatures": 0.2, "products": 0.07, "cars": 0.05, "emoji": 0.09, "clipart": 0.03, "drawn": 0.03, "rings": 0.01}
ALIVE = ("people", "animals", "creatures")
Y, X = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)


class Grounds:
    """Sharp surfaces and photographs, twice as large as a scene, and the pools of `compose`."""

    def __init__(self, folder: Path, pools, held: bool = False):
        self.pools = pools
        file = folder / ("grounds-held.npy" if held else "grounds.npy")
        self.parts = np.load(file, mmap_mode="r") if file.exists() else None
        self.weights = np.array([WEIGHTS.get(name, 0) for name in pools.names])
        self.weights = self.weights / self.weights.sum() if self.weights.sum() else np.full(len(pools.names), 1 / len(pools.names))

    def surface(self, random, least=0.35):
        """A part of a sharp surface, SIDE x SIDE, float."""
        if self.parts is None:
            return crop(random, self.pools.background(random)).astype(np.float32)
        part = self.parts[random.integers(len(self.parts))]
        size = int(part.shape[0] * np.exp(random.uniform(np.log(least), 0)))
        y, x = random.integers(part.shape[0] - size + 1), random.integers(part.shape[1] - size + 1)
        made = cv2.resize(np.array(part[y : y + size, x : x + size]), (SIDE, SIDE), interpolation=cv2.INTER_AREA if size >= SIDE else cv2.INTER_LINEAR)
        if random.random() < 0.5:
            made = made[:, ::-1]
        return made.astype(np.float32)

    def named(self, random):
        return self.pools.named(random, self.pools.names[random.choice(len(self.weights), p=self.weights)])


def maker(folder: Path, held: bool = False, only: str | None = None, wild: float = 0.5):
    """What makes scenes of a folder's pools, this share of them by this file: `make(random)`. `only` is a pool, or "wild" for these alone."""
    pools = Pools(folder, held, None if only == "wild" else only)
    grounds = Grounds(folder, pools, held)
    share = {None: wild, "wild": 1.0}.get(only, 0.0)
    return lambda random: scene(random, grounds) if random.random() < share else compose.scene(random, pools)


def sharpened(random, made):
    return np.clip(made + (made - cv2.GaussianBlur(made, (0, 0), 1.5)) * random.uniform(0.3, 1.5), 0, 255)


def toned(random, made):
    """Other brightness, contrast and tint of a float picture, so that few surfaces become many."""
    mean = made.mean((0, 1))
    made = (made - mean) * random.uniform(0.6, 1.8) + mean * random.uniform(0.35, 1.5)
    if random.random() < 0.5:
        made = made * np.clip(1 + random.normal(0, 0.18, 3), 0.5, 1.5).astype(np.float32)
    return np.clip(made, 0, 255).astype(np.float32)


def floor(random, grounds, line):
    """A surface seen aslant below the row `line`: its grain gets finer with distance. And how near each row is, 0-1."""
    part = toned(random, grounds.surface(random, 0.5))
    away = np.maximum(Y - line, 0.5) / SIDE + random.uniform(0.02, 0.25)
    scale = random.uniform(20, 70)
    u, v = (X - SIDE / 2) / SIDE / away * scale + random.uniform(0, 200), 1 / away * scale * random.uniform(0.7, 1.5)
    made = cv2.remap(part, u.astype(np.float32), v.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return made, np.clip((Y - line) / max(1, SIDE - line), 0, 1)


def foliage(random, grounds):
    """Leaves, needles, blades or coral, the dark ones behind the bright ones."""
    deep = random.uniform([5, 15, 8], [60, 80, 60]) if random.random() < 0.7 else random.uniform(0, 90, 3)
    high = random.uniform([40, 110, 60], [140, 220, 190]) if random.random() < 0.7 else random.uniform(60, 250, 3)
    made = np.empty((SIDE, SIDE, 3), np.uint8)
    made[:] = deep
    kind, count = random.integers(4), int(random.integers(120, 420))
    length, lean = np.exp(random.uniform(np.log(5), np.log(45))), random.uniform(0, 3.14)
    spread = random.uniform(0.2, 1.6)
    for step in np.linspace(0, 1, count):
        x, y = random.uniform(-10, SIDE + 10, 2)
        colour = deep + (high - deep) * step * random.uniform(0.5, 1.2) + random.normal(0, 8, 3)
        colour, angle, size = tuple(float(c) for c in np.clip(colour, 0, 255)), lean + random.normal(0, spread), length * random.uniform(0.5, 1.6)
        if kind == 0:  # leaves
            cv2.ellipse(made, (int(x), int(y)), (max(1, int(size / 2)), max(1, int(size * 0.2))), np.rad2deg(angle), 0, 360, colour, -1, cv2.LINE_AA)
        elif kind == 1:  # blades
            to = np.array([x + np.cos(angle) * size * 2, y + np.sin(angle) * size * 2])
            cv2.line(made, (int(x), int(y)), (int(to[0]), int(to[1])), colour, int(random.integers(1, 3)), cv2.LINE_AA)
        elif kind == 2:  # lumps
            cv2.circle(made, (int(x), int(y)), max(1, int(size * 0.3)), colour, -1, cv2.LINE_AA)
        else:  # twigs with needles
            for k in range(4):
                turn = angle + (k - 1.5) * 0.5
                cv2.line(made, (int(x), int(y)), (int(x + np.cos(turn) * size), int(y + np.sin(turn) * size)), colour, 1, cv2.LINE_AA)
    return made.astype(np.float32)


def rows_of(random, grounds):
    """The same thing again and again: lanterns, jars, a shelf, a crowd."""
    thing = grounds.pools.subject(random)
    across = int(random.integers(3, 8))
    size = SIDE // across
    small = cv2.resize(thing, (size, size), interpolation=cv2.INTER_AREA).astype(np.float32)
    made = toned(random, grounds.surface(random)) if random.random() < 0.6 else np.broadcast_to(random.uniform(0, 255, 3).astype(np.float32), (SIDE, SIDE, 3)).copy()
    alpha = small[..., 3:] / 255
    own = small[..., :3] * random.uniform(0.5, 1.3, 3).astype(np.float32)
    for row in range(across + 1):
        for column in range(across + 1):
            paste(made, (int((column - 0.5 * (row % 2)) * size + random.normal(0, 1)), int(row * size * 1.05)), np.minimum(own * random.uniform(0.8, 1.2), 255) * alpha, alpha)
    return made


def outline(random, centre, size):
    """A lump with a rough edge: its mask."""
    corners = int(random.integers(5, 14))
    angles = np.sort(random.uniform(0, 6.283, corners))
    far = size * random.uniform(0.5, 1.2, corners)
    points = np.stack([centre[0] + np.cos(angles) * far * random.uniform(0.8, 1.8), centre[1] + np.sin(angles) * far], 1)
    mask = np.zeros((SIDE, SIDE), np.uint8)
    cv2.fillPoly(mask, [np.int32(points)], 255, cv2.LINE_AA)
    soft = random.uniform(0.6, 5)
    blurred = cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), soft)
    return np.clip((blurred - 0.5 + smooth(random, 24) * 0.12) * soft * 1.2 + 0.5, 0, 1)


def rocks(random, grounds, made):
    """Boulders, trunks and dark hollows: large things with a shape of their own that are not the subject."""
    part = toned(random, grounds.surface(random))
    for _ in range(random.integers(1, 6)):
        kind = random.random()
        if kind < 0.5:
            centre, size = random.uniform(-20, SIDE + 20, 2), np.exp(random.uniform(np.log(14), np.log(110)))
            mask = outline(random, centre, size)
            shade = 1 + (Y - centre[1]) / size * random.uniform(-0.45, 0.1) + (X - centre[0]) / size * random.normal(0, 0.25)
            if random.random() < 0.5:
                part = toned(random, grounds.surface(random))
            shift = random.integers(-90, 90, 2)
            own = np.roll(part, (int(shift[0]), int(shift[1])), (0, 1)) * np.clip(shade, 0.15, 1.6)[..., None]
            fall = cv2.warpAffine(mask, np.float32([[1, 0, random.normal(0, 10)], [0, 1, random.uniform(0, 10)]]), (SIDE, SIDE))
            made = made * (1 - 0.6 * cv2.GaussianBlur(fall, (0, 0), 3))[..., None]
        elif kind < 0.75:  # a hollow, a crack: dark, soft or hard
            mask = outline(random, random.uniform(0, SIDE, 2), np.exp(random.uniform(np.log(8), np.log(70)))) * random.uniform(0.4, 0.95)
            own = made * random.uniform(0.02, 0.35)
        else:  # a trunk, a post, a beam
            mask, angle = np.zeros((SIDE, SIDE), np.uint8), random.choice([np.pi / 2, 0], p=[0.8, 0.2]) + random.normal(0, 0.2)
            along, at = np.array([np.cos(angle), np.sin(angle)]) * 2 * SIDE, random.uniform(0, SIDE, 2)
            cv2.line(mask, tuple(np.int32(at - along)), tuple(np.int32(at + along)), 255, int(np.exp(random.uniform(np.log(2), np.log(45)))), cv2.LINE_AA)
            mask = mask.astype(np.float32) / 255
            own = np.roll(part, int(random.integers(SIDE)), 1) * random.uniform(0.3, 1.3)
        made = made * (1 - mask[..., None]) + own * mask[..., None]
    return made


def behind(random, grounds):
    """What is behind; the row where the ground begins, or None; how near the ground is at each point."""
    kind, line, near = random.random(), None, None
    pools = grounds.pools
    if kind < 0.3:  # a floor before a wall, a view, leaves or the sky
        line = random.uniform(-0.1, 0.8) * SIDE
        wall = random.random()
        if wall < 0.3:
            made = toned(random, grounds.surface(random))
        elif wall < 0.65:
            made = sharpened(random, crop(random, pools.background(random)).astype(np.float32))
        elif wall < 0.85:
            made = foliage(random, grounds)
        else:
            made = np.broadcast_to(random.uniform(60, 255, 3).astype(np.float32), (SIDE, SIDE, 3)) * (0.8 + 0.4 * Y / SIDE)[..., None]
        below, near = floor(random, grounds, line)
        edge = np.clip((Y - line + smooth(random, 12) * random.uniform(0, 12)) / random.uniform(1, 8) + 0.5, 0, 1)[..., None]
        made = made * (1 - edge) + below * edge
    elif kind < 0.52:  # a rock face, a wall, the ground from above
        made = toned(random, grounds.surface(random))
        if random.random() < 0.4:
            other = toned(random, grounds.surface(random))
            share = np.clip(smooth(random, int(random.integers(2, 7))) * random.uniform(1, 6) + 0.5, 0, 1)[..., None]
            made = made * (1 - share) + other * share
    elif kind < 0.72:
        made = sharpened(random, crop(random, pools.background(random), 0.6).astype(np.float32))
    elif kind < 0.84:
        made = foliage(random, grounds)
    elif kind < 0.91:
        made = rows_of(random, grounds)
    else:
        made = landscape(random, pools)
    if random.random() < 0.5:
        made = rocks(random, grounds, made)
    if random.random() < 0.5:  # patches of light and shade
        made = made * np.clip(1 + smooth(random, int(random.integers(2, 9))) * random.uniform(0.2, 0.9), 0.1, 1.8)[..., None]
    return np.clip(made, 0, 255).astype(np.float32), line, near


def marked(random, thing):
    """Spots, stripes or a saddle of another colour, as fish, cats and shirts have them."""
    field = sum(smooth(random, cells) / cells**0.4 for cells in (5, 11, 24))
    if random.random() < 0.5:
        angle = random.random() * 3.14
        field = np.sin((X * np.cos(angle) + Y * np.sin(angle)) * random.uniform(0.08, 0.6) + field * random.uniform(0.5, 4))
    share = np.clip(field * random.uniform(2, 8) - random.uniform(-0.5, 1.5), 0, 1)[..., None] * random.uniform(0.4, 1)
    tone = random.uniform(0, 255, 3).astype(np.float32) if random.random() < 0.4 else np.float32(random.choice([20, 235])) + random.normal(0, 12, 3).astype(np.float32)
    light = thing[..., :3].mean(2, keepdims=True) / max(20.0, float(thing[..., :3].mean()))
    thing[..., :3] = thing[..., :3] * (1 - share) + np.clip(tone * np.clip(light, 0.3, 1.6), 0, 255) * share
    return thing


def hidden(random, thing, made):
    """The subject in the colours of the place. Premultiplied."""
    alpha = thing[..., 3:] / 255
    own = thing[..., :3].sum((0, 1)) / max(1, alpha.sum())
    place, spread = made.mean((0, 1)), made.std((0, 1)).mean()
    mine = np.sqrt(((thing[..., :3] - own * alpha) ** 2).sum((0, 1)).mean() / max(1, alpha.sum()))
    share = random.uniform(0.3, 0.85)
    gain = (np.clip(spread / max(8.0, mine), 0.5, 1.8) - 1) * share + 1
    to = own * (1 - share) + place * share * random.uniform(0.7, 1.5)
    return np.dstack([np.clip((thing[..., :3] - own * alpha) * gain + to * alpha, 0, 255 * alpha), thing[..., 3]]).astype(np.float32)


def cast(random, made, mask, sun):
    """Its shadow on the ground or on the wall behind: often hard, dark and as large as itself."""
    if random.random() < 0.6:
        rows = np.where((mask > 127).any(1))[0]
        low = float(rows[-1]) if len(rows) else SIDE
        flat, lean = random.uniform(0.1, 0.8) * random.choice([-1, 1], p=[0.45, 0.55]), sun * random.uniform(0.3, 1.6)
        matrix = np.float32([[1, -lean * flat, lean * flat * low], [0, flat, low - flat * low - random.uniform(0, 6)]])
    else:
        matrix = np.float32([[1, 0, sun * random.uniform(5, 60)], [0, random.uniform(0.8, 1), random.uniform(-10, 40)]])
    shadow = cv2.warpAffine(mask, matrix, (SIDE, SIDE)) / 255
    shadow = cv2.GaussianBlur(shadow, (0, 0), np.exp(random.uniform(np.log(0.5), np.log(6))))
    return made * (1 - shadow[..., None] * random.uniform(0.25, 0.85))


def others(random, grounds, made, scale, kind):
    """Others of its kind, further away: smaller, darker or paler, often cut by the edge and out of focus."""
    for _ in range(random.integers(1, 4)):
        thing = grounds.pools.named(random, kind)[0].astype(np.float32)
        thing[..., :3] *= random.uniform(0.25, 0.9)
        part = scale * random.uniform(0.25, 0.8)
        at = np.array([random.uniform(-0.05, 1.05), random.uniform(0.2, 0.75)]) * SIDE
        thing = np.minimum(placed(random, thing, part, at, random.normal(0, 0.05), 0.05), 255)
        if random.random() < 0.7:
            thing = cv2.GaussianBlur(thing, (0, 0), random.uniform(0.5, 4))
        made, _ = over(made, None, thing, random.uniform(0.5, 1))
    return made


def blades(random, made, mask):
    """Grass before its feet, in colours of the ground."""
    rows, columns = np.where((mask > 127).any(1))[0], np.where((mask > 127).any(0))[0]
    if len(rows) < 12 or rows[-1] > SIDE - 3:
        return made, mask
    cover = np.zeros((SIDE, SIDE), np.uint8)
    high = (rows[-1] - rows[0]) * random.uniform(0.04, 0.2)
    for _ in range(int(random.integers(30, 160))):
        x, y = random.uniform(columns[0] - 10, columns[-1] + 10), rows[-1] + random.uniform(-2, 6)
        cv2.line(cover, (int(x), int(y)), (int(x + random.normal(0, 0.4) * high), int(y - high * random.uniform(0.3, 1.2))), int(random.integers(140, 255)), 1, cv2.LINE_AA)
    share = cover.astype(np.float32) / 255
    low = made[min(SIDE - 2, rows[-1] + 1) :].mean((0, 1)) if rows[-1] < SIDE - 3 else made.mean((0, 1))
    colour = np.clip(low * random.uniform(0.7, 1.5) * (1 + 0.3 * smooth(random, 64))[..., None], 0, 255)
    return made * (1 - share[..., None]) + colour * share[..., None], mask * (1 - share)


def where(random, cut):
    """Scale, centre and turn: all of it mostly, and often small; what was cut by the lower edge is cut by it again."""
    if cut:
        return subject_at(random, True)
    if random.random() < 0.72:
        scale = np.exp(random.uniform(np.log(0.3), np.log(0.98)))
        room = (1 - scale) / 2 * SIDE
        centre = SIDE / 2 + random.uniform(-1, 1, 2) * room * random.uniform(0.2, 1)
    elif random.random() < 0.7:
        scale = random.uniform(0.7, 1.7)
        centre = np.array([SIDE * (0.5 + random.normal(0, 0.16)), (random.uniform(0.02, 0.3) + scale / 2) * SIDE])
    else:
        scale, centre = random.uniform(0.8, 1.5), SIDE / 2 + random.normal(0, 0.2, 2) * SIDE
    turn = random.normal(0, 0.08) if random.random() < 0.85 else random.normal(0, 0.7)
    return scale, centre, turn


def scene(random, grounds):
    """A picture (BGR) and its mask: SIDE x SIDE x 3 and SIDE x SIDE, uint8."""
    pools = grounds.pools
    for _ in range(20):
        thing, kind = grounds.named(random)
        scale, centre, turn = where(random, is_cut(thing))
        if kind in ALIVE or kind in ("products", "cars"):
            ready = thing.astype(np.float32)
            ready[..., :3] = coloured(random, ready[..., :3], 0.7)
        else:
            ready = dressed(random, thing, pools)
        if random.random() < (0.25 if kind != "people" else 0.08):
            ready = marked(random, ready)
        things = [placed(random, ready, scale, centre, turn, 0.2)]
        if random.random() < 0.08:  # two that are alike
            other = pools.named(random, kind)[0] if random.random() < 0.6 else thing
            shift = np.array([random.choice([-1, 1]) * random.uniform(0.45, 0.9), random.normal(0, 0.15)]) * scale * SIDE
            other = other.astype(np.float32)
            things.append(placed(random, other, scale * random.uniform(0.85, 1.15), centre + shift, turn + random.normal(0, 0.1), 0.2))
        if kind == "people" and random.random() < 0.15 or random.random() < 0.04:  # things carried, worn, ridden
            part = scale * random.uniform(0.2, 0.5)
            things.append(placed(random, dressed(random, pools.subject(random), pools), part, centre + random.normal(0, 0.22 * scale, 2) * SIDE, random.normal(0, 0.3)))
            if random.random() < 0.3:
                things.reverse()
        mask = np.max([thing[..., 3] for thing in things], axis=0)
        if 0.02 < (mask > 127).mean() < 0.8:
            break
    made, line, near = behind(random, grounds)
    if random.random() < (0.45 if kind == "people" else 0.12):
        made = others(random, grounds, made, scale, kind if random.random() < 0.8 or "people" not in pools.names else "people")
    if random.random() < 0.3:
        for _ in range(random.integers(1, 6)):
            paste(made, *strewn(random, pools, scale))
    focus = random.random()
    if focus < 0.45:  # out of focus, the near ground less so
        blurred = cv2.GaussianBlur(made, (0, 0), np.exp(random.uniform(np.log(0.6), np.log(6))))
        if near is not None and random.random() < 0.7:
            rows = np.where((mask > 127).any(1))[0]
            foot = (rows[-1] if len(rows) else SIDE) / SIDE
            keep = np.exp(-(((Y / SIDE - foot) / 0.12) ** 2))[..., None] * (near > 0)[..., None]
            made = blurred * (1 - keep) + made * keep
        else:
            made = blurred
    if random.random() < 0.28:
        things = [hidden(random, np.minimum(thing, 255), made) for thing in things]
    elif random.random() < 0.4:  # in one light
        weight = mask[..., None] / 255
        own = sum(thing[..., :3].sum((0, 1)) for thing in things) / max(1, sum(thing[..., 3].sum() for thing in things) / 255)
        other = (made * (1 - weight)).sum((0, 1)) / max(1, (1 - weight).sum())
        gain = np.clip(((other + 8) / (own + 8)) ** random.uniform(0.2, 0.9), 0.3, 2.5).astype(np.float32)
        for thing in things:
            thing[..., :3] = np.minimum(thing[..., :3] * gain, thing[..., 3:])
    sun = random.choice([-1, 1])
    if random.random() < 0.4:  # hard light from the side the shadow falls away from
        bright = np.clip(1 - sun * (X - centre[0]) / (SIDE * scale) * random.uniform(0.3, 1.6), 0.2, 1.7)[..., None]
        for thing in things:
            thing[..., :3] = np.minimum(thing[..., :3] * bright, thing[..., 3:])
    if random.random() < 0.5:
        made = cast(random, made, mask, sun)
    made, mask = laid(random, made, things, 1.2)
    if line is not None and random.random() < 0.35 or random.random() < 0.08:
        made, mask = blades(random, made, mask)
    if random.random() < 0.04:  # something before it
        made, mask = obscured(random, made, mask, pools, scale)
    if random.random() < 0.35:  # light and shade over all of it
        made = made * np.clip(1 + smooth(random, int(random.integers(2, 6))) * random.uniform(0.1, 0.6), 0.15, 1.8)[..., None]
    if random.random() < 0.5:  # film: contrast and a tint
        made = coloured(random, made, 0.6)
        made = np.clip((made - 128) * random.uniform(0.9, 1.5) + 128 + random.normal(0, 14), 0, 255)
    if random.random() < 0.05:
        made = np.repeat(made.mean(2, keepdims=True), 3, 2)
    if random.random() < 0.15:
        made = cv2.GaussianBlur(made, (0, 0), random.uniform(0.3, 1))
    elif random.random() < 0.3:
        made = sharpened(random, made)
    if random.random() < 0.5:
        made = made + random.standard_normal(made.shape, np.float32) * np.float32(random.uniform(1, 9))
    made = np.clip(made, 0, 255).astype(np.uint8)
    if random.random() < 0.35:
        made = cv2.imdecode(cv2.imencode(".jpg", made, [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(40, 95))])[1], cv2.IMREAD_COLOR)
    return made, np.clip(mask * 255, 0, 255).astype(np.uint8)


if __name__ == "__main__":
    import sys
    import time

    make = maker(Path(sys.argv[1]), only="wild")
    chance = np.random.default_rng(int(sys.argv[3]) if len(sys.argv) > 3 else 5)
    started, rows = time.time(), []
    for _ in range(5):
        shown = [make(chance) for _ in range(8)]
        rows.append(np.hstack([picture for picture, _ in shown]))
        rows.append(np.hstack([cv2.cvtColor(mask, cv2.COLOR_GRAY2BGR) for _, mask in shown]))
    print((time.time() - started) / 40 * 1000, "ms a scene")
    cv2.imwrite(sys.argv[2], cv2.resize(np.vstack(rows), None, fx=0.7, fy=0.7, interpolation=cv2.INTER_AREA))
