"""Renders birds, fish, horned, sitting and creeping animals, flowers, mushrooms and aeroplanes: lumps and limbs that flow into each other.
python creatures.py --surfaces pools/views.npy --count 900 --out pools"""


import numpy as np
from animals import FURS, shaggy
from people import color, lighting
from pools import framed
from render import Studio, looking, normals
from rendered import command, on_surfaces
from skimage.measure import marching_cubes

CELLS = 88
EYE = np.array([0.374, 0.0, 0.714])  # where render.py draws the eyes of what has fur


class Body:
    """Limbs: each from one point to another, with a radius at both, thinner along some direction."""

    def __init__(self):
        self.limbs = []

    def add(self, a, b, ra, rb=None, thin=1.0, across=(0, 1, 0)):
        across = np.asarray(across, float)
        self.limbs.append((np.asarray(a, float), np.asarray(b, float), ra, ra if rb is None else rb, thin, across / np.linalg.norm(across)))

    def chain(self, points, ra, rb, **more):
        radii = np.linspace(ra, rb, len(points))
        for k in range(len(points) - 1):
            self.add(points[k], points[k + 1], radii[k], radii[k + 1], **more)

    def mesh(self, blend):
        low = np.min([np.minimum(a - max(ra, rb), b - max(ra, rb)) for a, b, ra, rb, _, _ in self.limbs], 0) - 0.03
        high = np.max([np.maximum(a + max(ra, rb), b + max(ra, rb)) for a, b, ra, rb, _, _ in self.limbs], 0) + 0.03
        cell = (high - low).max() / CELLS
        count = np.ceil((high - low) / cell).astype(int) + 1
        field = np.full(count, 1.0, np.float32)
        for a, b, ra, rb, thin, across in self.limbs:
            reach = max(ra, rb, 1.2 * cell) + blend + 2 * cell
            first = np.maximum(0, np.floor((np.minimum(a, b) - reach - low) / cell).astype(int))
            last = np.minimum(count, np.ceil((np.maximum(a, b) + reach - low) / cell).astype(int) + 1)
            box = tuple(slice(i, j) for i, j in zip(first, last))
            p = np.stack(np.meshgrid(*[low[k] + cell * np.arange(first[k], last[k]) for k in range(3)], indexing="ij"), -1) - a
            along = b - a
            p = p + (p @ across)[..., None] * across * (1 / thin - 1)
            along = along + (along @ across) * across * (1 / thin - 1)
            t = np.clip(p @ along / max(1e-9, along @ along), 0, 1)
            distance = np.linalg.norm(p - t[..., None] * along, axis=-1) - np.maximum(ra + (rb - ra) * t, 0.9 * cell / min(1, thin))
            distance = distance * thin
            near = field[box]
            h = np.clip(0.5 + 0.5 * (distance - near) / blend, 0, 1)
            field[box] = distance * (1 - h) + near * h - blend * h * (1 - h)
        places, triangles, _, _ = marching_cubes(field, 0.0)
        return places * cell + low, triangles[:, ::-1].astype(np.int64)


def bird(random, body):
    lean = random.uniform(-0.1, 1.45)  # from lying to upright
    ahead = np.array([np.cos(lean), 0, np.sin(lean)])
    fat, tall = random.uniform(0.12, 0.22), random.uniform(0.2, 0.4)
    tail, chest = np.zeros(3), ahead * tall
    body.add(tail, chest, fat * random.uniform(0.6, 0.9), fat)
    neck = chest + np.array([random.uniform(0.03, 0.12), 0, random.uniform(0.08, 0.35)])
    body.chain([chest, (chest + neck) / 2 + random.normal(0, 0.02, 3) * [1, 0, 1], neck], fat * 0.6, 0.05)
    head = random.uniform(0.06, 0.1)
    turn = random.normal(0, 0.5)
    look = np.array([np.cos(turn), np.sin(turn), random.normal(0, 0.3)])
    body.add(neck, neck + look * head * 0.5, head)
    body.add(neck + look * head, neck + look * head * random.uniform(1.4, 3.5), head * 0.4, 0.006)
    long = random.uniform(0.1, 0.5)
    body.add(tail, tail - ahead * long, fat * 0.5, fat * random.uniform(0.15, 0.6), thin=0.25, across=(ahead[2], 0, -ahead[0]))
    spread = random.random() < 0.25
    for side in (-1, 1):
        if spread:
            tip = chest + np.array([random.uniform(-0.4, 0.2), side * random.uniform(0.4, 0.8), random.uniform(-0.1, 0.5)])
            body.add(chest * 0.7, (chest + tip) / 2, fat * 0.5, fat * 0.7, thin=0.2, across=(0.3, 0, 1))
            body.add((chest + tip) / 2, tip, fat * 0.7, 0.03, thin=0.2, across=(0.3, 0, 1))
        else:
            body.add(chest * 0.85 + [0, side * fat * 0.75, 0], tail - ahead * random.uniform(0, 0.15) + [0, side * fat * 0.5, 0], fat * 0.6, fat * 0.25, thin=0.3)
        knee = tail + ahead * tall * 0.3 + [0, side * fat * 0.5, -fat * 0.7]
        foot = knee + [random.normal(0.03, 0.03), 0, -random.uniform(0.05, 0.35)]
        body.chain([knee, foot], 0.03, 0.015)
        body.add(foot, foot + [0.06, 0, 0], 0.014, 0.01)
    return neck + look * head * 0.6, head


def fish(random, body):
    high, long = random.uniform(0.1, 0.3), random.uniform(0.35, 0.6)
    thin = random.uniform(0.3, 0.6)
    bend = random.normal(0, 0.08)
    nose, back = np.array([long / 2, 0, 0]), np.array([-long / 2, bend, random.normal(0, 0.02)])
    body.add([long * 0.15, 0, 0], [-long * 0.15, bend * 0.3, 0], high, high * 0.8, thin=thin)
    body.add([long * 0.15, 0, 0], nose, high * 0.8, high * random.uniform(0.1, 0.4), thin=thin)
    body.add([-long * 0.1, 0, 0], back, high * 0.8, high * 0.2, thin=thin)
    fin = high * random.uniform(0.5, 1.2)
    for side in (-1, 1):
        body.add(back, back + [-fin, bend, side * fin], high * 0.2, high * 0.25, thin=0.12)
        body.add([long * random.uniform(-0.2, 0.2), 0, side * high * 0.8], [-long * random.uniform(0.1, 0.35), 0, side * (high + fin * random.uniform(0.1, 0.8))], fin * 0.4, fin * 0.15, thin=0.12)
        body.add([long * 0.1, side * high * thin, -high * 0.2], [-long * 0.1, side * (high * thin + 0.08), -high * 0.4], 0.05, 0.03, thin=0.25, across=(0, 1, 0.3))
    return np.array([long * 0.38, 0, high * 0.2]), max(0.04, high * 0.35)


def beast(random, body):
    long, tall, fat = random.uniform(0.35, 0.7), random.uniform(0.12, 0.55), random.uniform(0.08, 0.19)
    rear, front = np.array([-long / 2, 0, tall + fat]), np.array([long / 2, 0, tall + fat + random.normal(0.02, 0.05)])
    body.chain([rear, (rear + front) / 2 + [0, 0, random.normal(0, 0.04)], front], fat, fat * random.uniform(0.85, 1.15))
    for end, way in ((rear, -1), (front, 1)):
        for side in (-1, 1):
            top = end + [0, side * fat * 0.6, -fat * 0.3]
            step = random.normal(0, 0.12) * tall
            foot = np.array([end[0] + step, side * fat * 0.6, 0])
            knee = (top + foot) / 2 + [random.normal(0.03 * -way, 0.03), 0, 0]
            body.chain([top, knee, foot], fat * random.uniform(0.4, 0.6), random.uniform(0.02, 0.035))
            body.add(foot, foot + [0.03, 0, 0], 0.03)
    turn = random.normal(0, 0.6)
    neck = front + [random.uniform(0.05, 0.2), 0, random.uniform(-0.1, 0.4)]
    body.chain([front + [0, 0, fat * 0.3], neck], fat * 0.7, fat * random.uniform(0.35, 0.6))
    size = random.uniform(0.07, 0.13)
    look = np.array([np.cos(turn), np.sin(turn), random.normal(-0.3, 0.2)])
    body.add(neck, neck + look * size, size, size * 0.85)
    body.add(neck + look * size, neck + look * size * random.uniform(1.8, 3.2), size * 0.7, size * random.uniform(0.35, 0.6))
    across = np.array([-np.sin(turn), np.cos(turn), 0])
    horns = random.random()
    for side in (-1, 1):
        base = neck + across * side * size * 0.7 + [0, 0, size * 0.7]
        body.add(base, base + across * side * random.uniform(0.02, 0.12) + [0, 0, random.uniform(-0.02, 0.14)], size * 0.35, size * 0.15, thin=0.4, across=look)
        if horns < 0.45:
            curl, far, start = random.uniform(1, 5), random.uniform(0.12, 0.4), neck + across * side * size * 0.4 + [0, 0, size * 0.8]
            angles = np.linspace(0, curl, 6)
            points = [start + across * side * far * 0.5 * np.sin(a) + np.array([-np.cos(turn) * (1 - np.cos(a)) * far * 0.4, 0, np.sin(a * 0.8) * far * 0.6]) for a in angles]
            body.chain(points, random.uniform(0.02, 0.045), 0.012)
    tail = rear + [-fat * 0.8, 0, 0]
    way, points = np.array([-1, 0, random.uniform(-1.2, 0.8)]), [tail]
    for _ in range(4):
        points.append(points[-1] + way * random.uniform(0.02, 0.11))
        way = way + random.normal(0, 0.4, 3)
    body.chain(points, random.uniform(0.02, 0.06), 0.015)
    return neck + look * size * 1.1, size


def sitter(random, body):
    tall, fat = random.uniform(0.3, 0.5), random.uniform(0.1, 0.2)
    lean = random.uniform(-0.1, 0.2)
    hip, chest = np.array([0, 0, fat]), np.array([lean, 0, tall])
    body.chain([hip, (hip + chest) / 2 - [0.03, 0, 0], chest], fat, fat * random.uniform(0.6, 0.9))
    standing = random.random() < 0.35
    for side in (-1, 1):
        body.add(hip + [0, side * fat * 0.6, 0], hip + [fat * 0.9, side * fat * 0.9, -fat * 0.3], fat * 0.6, fat * 0.5)
        body.add(hip + [fat * 0.9, side * fat * 0.9, -fat * 0.7], hip + [fat * 1.7, side * fat * 0.9, -fat * 0.9], 0.04, 0.03)
        shoulder = chest + [0, side * fat * 0.6, -0.04]
        hand = np.array([lean + random.uniform(0.05, 0.2), side * fat * random.uniform(0.3, 0.8), 0.02 if not standing else tall * random.uniform(0.4, 0.8)])
        body.chain([shoulder, (shoulder + hand) / 2 + [random.normal(0.02, 0.02), side * 0.02, 0], hand], 0.06, 0.035)
    turn = random.normal(0, 0.7)
    look = np.array([np.cos(turn), np.sin(turn), random.normal(-0.1, 0.2)])
    size = random.uniform(0.08, 0.13)
    neck = chest + [random.uniform(0, 0.1), 0, random.uniform(0.08, 0.22)]
    body.chain([chest, neck], fat * 0.6, size * 0.7)
    body.add(neck, neck + look * size * 0.5, size)
    body.add(neck + look * size, neck + look * size * random.uniform(1.2, 2.0), size * 0.5, size * 0.35)
    across = np.array([-np.sin(turn), np.cos(turn), 0])
    for side in (-1, 1):
        base = neck + across * side * size * 0.6 + [0, 0, size * 0.7]
        body.add(base, base + across * side * 0.03 + [0, 0, random.uniform(0.03, 0.2)], size * 0.35, size * 0.12, thin=0.4, across=look)
    points, way = [hip - [fat * 0.8, 0, fat * 0.6]], np.array([-1, random.normal(0, 1), 0.0])
    for _ in range(5):
        points.append(points[-1] + way / np.linalg.norm(way) * random.uniform(0.05, 0.14))
        way = way + random.normal(0, 0.6, 3) * [1, 1, 0.5]
    body.chain(points, random.uniform(0.025, 0.05), 0.015)
    return neck + look * size * 0.6, size


def creeper(random, body):
    points, way = [np.zeros(3)], random.normal(0, 1, 3) * [1, 1, 0]
    count = int(random.integers(5, 10))
    for _ in range(count):
        points.append(points[-1] + way / np.linalg.norm(way) * 0.12)
        way = way + random.normal(0, 0.5, 3) * [1, 1, 0.15] * np.linalg.norm(way)
    fat = random.uniform(0.03, 0.1)
    body.chain(points[: count // 2 + 1], fat * 0.6, fat)
    body.chain(points[count // 2 :], fat, 0.012)
    if random.random() < 0.8:
        for joint in (1, count // 2):
            for side in (-1, 1):
                out = points[joint] + np.array([random.normal(0, 0.08), side * (fat + random.uniform(0.03, 0.12)), 0])
                body.chain([points[joint], out, out + [random.normal(0, 0.05), side * 0.05, -fat]], 0.035, 0.015)
    look = points[0] - points[1]
    look /= np.linalg.norm(look)
    body.add(points[0], points[0] + look * fat * 1.6, fat * 0.9, fat * 0.4)
    return points[0] + look * fat * 0.5, fat


def flower(random, body):
    petals, far, wide = int(random.integers(5, 22)), random.uniform(0.2, 0.4), random.uniform(0.03, 0.08)
    body.add([0, 0, 0], [0, 0, 0.02], random.uniform(0.05, 0.14), thin=0.5, across=(0, 0, 1))
    for k in range(petals):
        angle = k * 2 * np.pi / petals + random.normal(0, 0.08)
        way = np.array([np.cos(angle), np.sin(angle), random.normal(0.1, 0.15)])
        body.add(way * 0.07, way * far * random.uniform(0.85, 1.1), wide * 0.5, wide, thin=0.2, across=(-way[0] * 0.3, -way[1] * 0.3, 1))
    if random.random() < 0.5:
        body.chain([[0, 0, 0], random.normal(0, 0.1, 3) - [0, 0, 0.25], random.normal(0, 0.15, 3) - [0, 0, 0.5]], 0.02, 0.018)
    return None, 0.1


def mushroom(random, body):
    tall, wide = random.uniform(0.15, 0.45), random.uniform(0.12, 0.32)
    body.chain([[0, 0, 0], random.normal(0, 0.03, 3) + [0, 0, tall / 2], [0, 0, tall]], random.uniform(0.04, 0.09), random.uniform(0.03, 0.06))
    body.add([0, 0, tall], [0, 0, tall + 0.02], wide, thin=random.uniform(0.25, 0.8), across=(random.normal(0, 0.1), random.normal(0, 0.1), 1))
    return None, 0.1


def plane(random, body):
    long, fat, wide = random.uniform(0.6, 0.9), random.uniform(0.04, 0.08), random.uniform(0.3, 0.6)
    body.chain([[-long / 2, 0, 0.02], [0, 0, 0], [long / 2, 0, 0]], fat * 0.5, fat)
    body.add([long / 2, 0, 0], [long / 2 + 0.12, 0, -0.02], fat * 0.9, 0.02)
    sweep, at = random.uniform(-0.05, 0.3), random.uniform(-0.05, 0.15)
    for side in (-1, 1):
        body.add([at, 0, 0], [at - sweep, side * wide, random.uniform(0, 0.06)], random.uniform(0.08, 0.14), random.uniform(0.04, 0.09), thin=0.14, across=(0, 0, 1))
        body.add([-long / 2, 0, 0.02], [-long / 2 - 0.06, side * wide * 0.35, 0.03], 0.07, 0.04, thin=0.16, across=(0, 0, 1))
        if random.random() < 0.5:
            body.add([at, side * wide * 0.4, -0.04], [at + 0.15, side * wide * 0.4, -0.04], 0.035)
    body.add([-long / 2 + 0.05, 0, 0], [-long / 2 - 0.06, 0, random.uniform(0.15, 0.25)], 0.1, 0.05, thin=0.14)
    body.add([long * 0.15, 0, fat * 0.6], [long * 0.3, 0, fat * 0.6], fat * 0.7)
    return None, 0.1


KINDS = {bird: 0.26, fish: 0.12, beast: 0.24, sitter: 0.16, creeper: 0.05, flower: 0.07, mushroom: 0.04, plane: 0.06}


def creature(random, studio, surface):
    make = list(KINDS)[random.choice(len(KINDS), p=np.array(list(KINDS.values())) / sum(KINDS.values()))]
    body = Body()
    head, size = make(random, body)
    places, triangles = body.mesh(random.uniform(0.004, 0.012) if make in (flower, plane) else random.uniform(0.012, 0.05))
    if make is not plane:
        places = places + 0.006 * np.sin(places @ random.normal(0, 12, (3, 3)) + random.random(3) * 6)
    rest = places + 9 if head is None else EYE + (places - head) * 0.07 / size * random.uniform(0.7, 1.4)
    light = lighting(random)
    sun = light.pop("sun")
    vivid = make in (fish, flower, mushroom, plane) or make is bird and random.random() < 0.5 or random.random() < 0.1
    pair = np.array([color(random), color(random)]) if vivid else FURS[random.integers(len(FURS), size=2)] * random.uniform(0.6, 1.2, (2, 1)) * (1 + random.normal(0, 0.08, (2, 3)))
    if random.random() < 0.15:
        pair[1] = random.choice([0.02, 0.85])
    uniforms = {"kind": 6, "seed": float(random.random()), "c0": np.clip(pair[0], 0.01, 0.95), "c1": np.clip(pair[1], 0.01, 0.95), "c2": np.array([[0.35, 0.2, 0.03], [0.3, 0.45, 0.1], [0.05, 0.025, 0.01], [0.6, 0.4, 0.02]])[random.integers(4)],
                "look": (random.choice([0, 1, 2, 3, 4, 4]), np.exp(random.uniform(np.log(4), np.log(30))), random.uniform(0.35, 0.55), float(random.random() < 0.3)),
                "cut": (rest[:, 2].min() + np.ptp(rest[:, 2]) * random.uniform(0.2, 0.8), 0, 0, 0), "face": (random.uniform(0.8, 2.0), random.choice([1.0, 2.5]), float(random.random() < 0.3), 0),
                "bump": random.uniform(0.0, 1.0), "gloss": random.uniform(0, 0.8)}
    low, high = places.min(0), places.max(0)
    span = np.linalg.norm(high - low)
    view, middle = span * random.uniform(0.85, 1.1), (low + high) / 2
    if head is not None and random.random() < 0.2:
        view, middle = span * random.uniform(0.4, 0.7), head * 0.7 + middle * 0.3
    azimuth = random.uniform(-np.pi, np.pi)
    raised = {flower: random.uniform(0.5, 1.5), plane: random.uniform(-0.8, 1.3), fish: random.normal(0, 0.25)}.get(make, random.normal(0.2, 0.25))
    if make is fish:
        azimuth = random.choice([-1, 1]) * np.pi / 2 + random.normal(0, 0.6)
    field = np.deg2rad(random.uniform(18, 50))
    away = view / 2 / np.tan(field / 2)
    spot = middle + away * np.array([np.cos(azimuth) * np.cos(raised), np.sin(azimuth) * np.cos(raised), np.sin(raised)])
    c, s = np.cos(azimuth + np.pi / 2), np.sin(azimuth + np.pi / 2)
    sun = np.array([c * sun[0] - s * sun[1], s * sun[0] + c * sun[1], sun[2]])
    made = framed(studio.render([(places, normals(places, triangles), rest, triangles, uniforms)], looking(spot, middle, field), spot, sun, (low + high) / 2, span * 0.6, light, surface))
    return shaggy(random, made) if made is not None and make in (bird, beast, sitter) and random.random() < 0.4 else made


def main() -> None:
    studio = Studio()
    on_surfaces(command("creatures", 900).parse_args(), studio, lambda random, surface: creature(random, studio, surface))


if __name__ == "__main__":
    main()
