"""Things that are sold, by kind: bottles, jars and cups, boxes and devices, furniture, shoes, shirts and bags, toys, thin things, food.
Each gives pairs of a mesh and its material."""

import cv2
import numpy as np
from shapes import about, inflated, lathe, material, moved, rounded, surface_of, tube, turned


def bottle(random):
    kind = random.choice(["bottle", "can", "jar", "cup", "bowl", "tube", "vase", "bottle", "jar", "tube"])
    radii, heights = turned(random, kind)
    square = random.uniform(3, 8) if random.random() < 0.25 else 2.0
    squeeze = np.clip(1 - heights / 0.8, 0, 1) ** 0.8 if kind == "tube" else None
    low = random.uniform(0.1, 0.45)
    where = (random.uniform(-0.2, 0.2), low, random.uniform(0.8, 2.2), low + random.uniform(0.2, 0.5)) if random.random() < 0.8 else (0, 0, 2, 1)
    parts = [(lathe(radii, heights, square, random.uniform(0.45, 1) if square > 2 or random.random() < 0.2 else 1, squeeze=squeeze), material(random, label=1.0 if random.random() < 0.7 else 0.0, where=where))]
    top, neck = heights.max(), radii[np.argmax(heights > 0.97)]
    if kind in ("bottle", "jar", "tube", "can") and random.random() < 0.75:
        r, h = max(neck, 0.03) * random.uniform(1.0, 1.25), random.uniform(0.05, 0.16)
        parts.append((moved(lathe(np.array([0, r, r, r * random.uniform(0.7, 1), 0]), np.array([0, 0, h * 0.9, h, h])), (0, 0, top - h * 0.4)), material(random)))
        if random.random() < 0.35:  # a pump or a spray
            z = top + h * 0.5
            parts.append((tube([[0, 0, z], [0, 0, z + 0.12]], 0.015), material(random)))
            parts.append((moved(rounded((0.2, 0.06, 0.05), 0.02), (0.06, 0, z + 0.13)), parts[-1][1]))
    if kind in ("cup", "jar") and random.random() < 0.7 or random.random() < 0.1:
        r, size = radii.max(), random.uniform(0.18, 0.3)
        t = np.linspace(-1.7, 1.7, 20)
        handle = np.stack([r * 0.93 + np.cos(t) * size * 0.8, t * 0, 0.5 + np.sin(t) * size], 1)
        parts.append((tube(handle, random.uniform(0.02, 0.05)), parts[0][1] if random.random() < 0.8 else material(random)))
    if kind == "cup" and random.random() < 0.5:  # what is in it
        parts.append((lathe(np.array([0, radii.max() * 0.9]), np.array([0.8, 0.8])), material(random, "ceramic")))
    if kind in ("cup", "bowl") and random.random() < 0.4:  # on a saucer
        r = radii.max() * random.uniform(1.2, 1.8)
        parts.append((lathe(np.array([0, r * 0.6, r, r * 0.98, r * 0.6, 0]), np.array([-0.05, -0.05, 0.06, 0.08, -0.02, -0.02])), parts[0][1]))
    if kind == "vase" and random.random() < 0.5:
        parts += leaves(random, top)
    return parts


def leaves(random, top):
    parts, green = [], material(random, "plastic")
    green["c0"] = np.array([0.08, 0.25, 0.05]) * random.uniform(0.3, 2, 3)
    green["c1"], green["look"], green["gloss"] = green["c0"] * 1.6, [0, 0, 0.7, 1], 0.3
    flower = material(random) if random.random() < 0.5 else green
    for _ in range(random.integers(4, 18)):
        angle, lean, reach = random.uniform(0, 6.3), random.uniform(0.1, 1.1), random.uniform(0.3, 0.9)
        t = np.linspace(0, 1, 9)
        way = np.stack([np.cos(angle) * np.sin(lean * t) * t * reach, np.sin(angle) * np.sin(lean * t) * t * reach, top + np.cos(lean * t * 1.3) * t * reach], 1)
        parts.append((tube(way, 0.008), green))
        wide = random.uniform(0.03, 0.16)
        across = np.cross(np.array([np.cos(angle), np.sin(angle), 0]), [0, 0, 1])
        half = np.sin(np.linspace(0, np.pi, 9)) * wide
        leaf = np.stack([way + across * half[:, None] * k + [0, 0, abs(k) * 0.02] for k in (-1, -0.3, 0.3, 1)], 1)
        start = int(random.integers(0, 6)) if flower is green else 0
        if flower is green:
            parts.append((surface_of((leaf + (way[-1] - way[start]) * 0.4).reshape(-1, 3), np.zeros((36, 2)), 4), green))
        else:
            r = random.uniform(0.04, 0.11)
            parts.append((moved(lathe(np.array([0, r * 0.5, r, r * 0.6, 0]), np.array([0, 0.02, 0.1, 0.12, 0.06])), way[-1], about(0, random.normal(0, 0.4))), flower))
    return parts


def box(random):
    kind = random.random()
    if kind < 0.3:
        size = random.uniform(0.25, 1, 3)
    elif kind < 0.55:  # phones, books, tablets
        size = np.array([random.uniform(0.45, 1.4), random.uniform(0.03, 0.2), 1.0])
    elif kind < 0.8:  # cameras, speakers, toasters
        size = np.array([1, random.uniform(0.3, 0.8), random.uniform(0.4, 0.9)])
    else:
        size = np.array([random.uniform(0.3, 0.7), random.uniform(0.15, 0.4), 1.0])
    edge = random.uniform(0.005, 0.02) if random.random() < 0.5 else size.min() * random.uniform(0.05, 0.45)
    margin = 0.0 if random.random() < 0.6 else random.uniform(0.03, 0.15)
    label = random.random() < 0.75
    parts = [(rounded(size, edge), material(random, label=float(label), where=(margin, margin, 1 - margin, 1 - margin)))]
    front = -size[1] / 2
    for _ in range(random.integers(0, 5) if kind >= 0.55 else random.integers(0, 2)):  # lenses, knobs, keys
        r = random.uniform(0.04, 0.32) * min(size[0], size[2])
        x, z = (random.uniform(-0.5, 0.5) * (size[0] - 2 * r), random.uniform(-0.5, 0.5) * (size[2] - 2 * r))
        deep = r * random.uniform(0.1, 1.3)
        disc = lathe(np.array([0, r, r, r * 0.85, r * 0.8, 0]), np.array([0, 0, deep, deep, deep * 0.7, deep * 0.7]))
        parts.append((moved(disc, (x, front, z), about(0, np.pi / 2)), material(random, random.choice(["black", "metal", "plastic"]))))
    if random.random() < 0.25:  # a handle above
        t = np.linspace(0, np.pi, 20)
        parts.append((tube(np.stack([np.cos(t) * size[0] * 0.35, t * 0, size[2] / 2 + np.sin(t) * random.uniform(0.1, 0.4)], 1), random.uniform(0.01, 0.04)), material(random)))
    if random.random() < 0.25:  # feet
        for x in (-1, 1):
            for y in (-1, 1):
                parts.append((tube([[x * size[0] * 0.42, y * size[1] * 0.4, -size[2] / 2], [x * size[0] * 0.44, y * size[1] * 0.44, -size[2] / 2 - random.uniform(0.05, 0.3)]], 0.025), parts[-1][1] if len(parts) > 1 else material(random)))
    if kind >= 0.3 and kind < 0.55 and random.random() < 0.3:  # a laptop
        size = np.array([1.3, 0.04, 0.85])
        lean = random.uniform(0.0, 0.5)
        parts = [(moved(rounded(size, 0.02), (0, 0.42 + 0.42 * np.sin(lean), 0.42 * np.cos(lean)), about(0, -lean)), material(random, "black", 1.0, (0.03, 0.05, 0.97, 0.95))),
                 (rounded((1.3, 0.85, 0.05), 0.02), material(random, random.choice(["metal", "black", "plastic"]))),
                 (moved(rounded((1.15, 0.4, 0.02), 0.008), (0, 0.12, 0.025)), material(random, "black"))]
    return parts


def furniture(random):
    kind, parts = random.random(), []
    stuff = material(random, random.choice(["wood", "cloth", "leather", "plastic", "metal"]))
    legs = material(random, random.choice(["wood", "metal", "black"]))
    wide, deep = random.uniform(0.5, 1.0), random.uniform(0.45, 0.7)
    if kind > 0.7:
        wide = random.uniform(1.0, 2.2)
    seat, thick = random.uniform(0.35, 0.9), random.uniform(0.03, 0.16)
    leg, spread = random.uniform(0.012, 0.05), random.uniform(0.0, 0.1)
    if random.random() < 0.8:
        for x in (-1, 1):
            for y in (-1, 1):
                parts.append((tube([[x * wide * 0.44, y * deep * 0.42, seat], [x * (wide * 0.44 + spread), y * (deep * 0.42 + spread), 0]], [leg, leg * random.uniform(0.5, 1)]), legs))
        if random.random() < 0.4:
            for y in (-1, 1):
                parts.append((tube([[-wide * 0.45, y * deep * 0.42, seat * 0.4], [wide * 0.45, y * deep * 0.42, seat * 0.4]], leg * 0.7), legs))
    else:
        parts += [(lathe(np.array([0, 0.35, 0.35, 0.04, 0.03, 0.03]), np.array([0, 0, 0.02, 0.04, 0.06, seat])), legs)]
    if random.random() < 0.75:
        parts.append((moved(rounded((wide, deep, thick), thick * random.uniform(0.1, 0.5)), (0, 0, seat)), stuff))
    else:
        r = wide / 2
        parts.append((moved(lathe(np.array([0, r, r, 0]), np.array([0, 0, thick, thick])), (0, 0, seat)), stuff))
    if kind > 0.3:  # a back
        tall, lean = random.uniform(0.3, 0.7), random.uniform(0, 0.25)
        if random.random() < 0.6:
            parts.append((moved(rounded((wide * random.uniform(0.8, 1), random.uniform(0.02, 0.2), tall), 0.03 * random.uniform(0.3, 1.5)), (0, deep / 2 + tall * lean / 2, seat + tall / 2 + 0.05), about(0, -lean)), stuff))
        else:
            for x in np.linspace(-0.44, 0.44, random.integers(2, 8)) * wide:
                parts.append((tube([[x, deep * 0.45, seat], [x, deep * 0.45 + tall * lean, seat + tall]], leg * 0.7), legs))
            parts.append((tube([[-wide / 2, deep * 0.45 + tall * lean, seat + tall], [wide / 2, deep * 0.45 + tall * lean, seat + tall]], leg * 1.4), stuff))
    if kind > 0.55:  # arms
        for x in (-1, 1):
            if kind > 0.7:
                parts.append((moved(rounded((0.14, deep, 0.35), 0.05), (x * wide / 2, 0, seat + 0.1)), stuff))
            else:
                parts.append((tube([[x * wide / 2, -deep * 0.4, seat], [x * wide / 2, -deep * 0.4, seat + 0.22], [x * wide / 2, deep * 0.45, seat + 0.22]], leg), legs))
    if random.random() < 0.1:  # a lamp instead
        r = random.uniform(0.2, 0.4)
        parts = [(lathe(np.array([0, 0.2, 0.2, 0.02, 0.02]), np.array([0, 0, 0.03, 0.05, 1.1])), legs), (lathe(np.array([r * random.uniform(0.4, 1), r]), np.array([1.45, 1.0])), material(random, "cloth"))]
    return parts


def outlined(random):
    """Shoes, bags, shirts, toys: an outline blown up."""
    kind, canvas = random.random(), np.zeros((256, 256), np.uint8)

    def shape(points):
        cv2.fillPoly(canvas, [np.int32(np.asarray(points) * 256)], 255)

    parts = []
    if kind < 0.3:  # a shoe
        tall = random.uniform(0.25, 0.62)
        top = [[0.06, 0.78], [0.08, 0.78 - tall * 0.6], [0.05, 0.78 - tall], [0.3 + random.uniform(0, 0.05), 0.8 - tall], [0.42, 0.76 - tall * random.uniform(0.5, 0.75)], [0.6, 0.6], [0.82, 0.56], [0.94, 0.66], [0.95, 0.78]]
        smooth = np.array(top)
        for _ in range(2):  # corners cut
            nxt = np.roll(smooth, -1, 0)
            smooth = np.stack([smooth * 0.75 + nxt * 0.25, smooth * 0.25 + nxt * 0.75], 1).reshape(-1, 2)
        shape(smooth)
        own = material(random, random.choice(["leather", "cloth", "plastic", "black"]), float(random.random() < 0.6), (0.1, 0.2, 0.9, 0.8))
        parts.append((inflated(canvas, random.uniform(0.12, 0.18), 0.9), own))
        heel = random.uniform(0.02, 0.1)
        sole = rounded((0.9, random.uniform(0.22, 0.3), 0.05 + heel), 0.03)
        parts.append((moved(sole, (0.0, 0, -0.29 - heel / 2)), material(random, "plastic")))
        for x in np.linspace(0.34, 0.58, random.integers(0, 6)):
            parts.append((tube([[x - 0.5, -0.12, 0.05 - (x - 0.34) * 0.6], [x - 0.48, 0, 0.12 - (x - 0.34) * 0.6], [x - 0.5, 0.12, 0.05 - (x - 0.34) * 0.6]], 0.012), parts[-1][1]))
        if random.random() < 0.5:
            parts += [(moved(mesh, (random.uniform(0, 0.15), random.uniform(0.35, 0.6), 0), about(2, random.normal(0, 0.25))), own) for mesh, own in list(parts)]
        return parts
    if kind < 0.5:  # a shirt, a jumper
        sleeve, waist = random.uniform(0.0, 0.45), random.uniform(0.24, 0.32)
        down = random.uniform(0.1, 0.35)
        right = [[0.08, 0.06], [0.2, 0.1], [0.3 + sleeve * 0.4, 0.16 + down * 0.9], [0.24 + sleeve * 0.3, 0.24 + down], [0.22, 0.3], [waist, 0.95]]
        shape([[0.5 + x, y] for x, y in right] + [[0.5 - x, y] for x, y in right[::-1]])
        return [(inflated(canvas, random.uniform(0.04, 0.1), 0.6), material(random, "cloth", float(random.random() < 0.6), (0.35, 0.25, 0.65, 0.6)))]
    if kind < 0.75:  # a bag
        wide, tall = random.uniform(0.25, 0.45), random.uniform(0.3, 0.6)
        shape([[0.5 - wide, 0.95], [0.5 - wide * random.uniform(0.7, 1), 0.95 - tall], [0.5 + wide * random.uniform(0.7, 1), 0.95 - tall], [0.5 + wide, 0.95]])
        own = material(random, random.choice(["leather", "cloth", "plastic"]), float(random.random() < 0.5), (0.2, 0.4, 0.8, 0.9))
        parts.append((inflated(canvas, random.uniform(0.08, 0.2), random.uniform(0.2, 0.6)), own))
        t = np.linspace(0, np.pi, 24)
        for y in (-0.05, 0.05):
            parts.append((tube(np.stack([np.cos(t) * wide * 0.6, np.full(24, y), tall - 0.46 + np.sin(t) * random.uniform(0.15, 0.5)], 1), random.uniform(0.01, 0.022)), own if random.random() < 0.6 else material(random)))
        return parts
    import scenes

    # Something round: toys, cushions, stones.
    for _ in range(random.integers(1, 6)):
        scenes.fill(canvas, scenes.blob(random), np.array([128, 128]) + random.normal(0, 34, 2), random.uniform(25, 75), random.random() * 6)
    canvas = cv2.resize(canvas, (256, 256))
    parts.append((inflated(canvas, random.uniform(0.08, 0.3), random.uniform(0.4, 1)), material(random, label=float(random.random() < 0.5))))
    for _ in range(random.integers(0, 3)):
        x, z = random.uniform(-0.2, 0.2, 2)
        parts.append((moved(lathe(np.array([0, 0.03, 0.03, 0]), np.array([-0.04, -0.03, 0.03, 0.04])), (x, -0.2, z)), material(random, "black")))
    return parts


def balls(random):
    """Toys and fruit of ellipsoids, standing figures."""
    parts = []

    def ball(at, size, own):
        t = np.linspace(-np.pi / 2, np.pi / 2, 18)
        parts.append((moved([p if k != 0 else p * np.asarray(size) for k, p in enumerate(lathe(np.cos(t), np.sin(t)))], at), own))

    kind = random.random()
    if kind < 0.35:  # fruit, balls
        own = material(random, random.choice(["plastic", "paint", "ceramic", "leather"]), float(random.random() < 0.4))
        for number in range(random.integers(1, 6)):
            ball(random.normal(0, 0.55, 3) * [1, 0.6, 0.3] * (number > 0), 0.5 * np.exp(random.normal(0, 0.15, 3)), own)
        if random.random() < 0.5:
            parts.append((tube([[0, 0, 0.4], [0.02, 0, 0.6], [0.08, 0, 0.75]], 0.02), material(random, "wood")))
    else:  # a teddy, a figure
        own, other = material(random, random.choice(["cloth", "plastic", "ceramic"])), material(random)
        fat, head = random.uniform(0.22, 0.45), random.uniform(0.2, 0.42)
        ball((0, 0, 0), (fat, fat * 0.8, 0.45), own)
        ball((0, -0.04, 0.4 + head * 0.8), (head, head * 0.9, head * random.uniform(0.8, 1.1)), own)
        ear = random.uniform(0.06, 0.2)
        for x in (-1, 1):
            ball((x * head * 0.75, 0, 0.4 + head * 1.5), (ear, ear * 0.5, ear * random.uniform(0.8, 2.5)), other)
            arm = random.uniform(-0.3, 0.3)
            ball((x * fat * 1.1, -0.1, 0.1 + arm * 0.5), (0.12, 0.13, 0.25), own)
            ball((x * fat * 0.6, -0.15, -0.45), (0.14, 0.18, random.uniform(0.12, 0.3)), other if random.random() < 0.4 else own)
            ball((x * head * 0.35, -head * 0.85, 0.45 + head * 0.9), (0.03, 0.03, 0.03), material(random, "black"))
        ball((0, -head * 0.85, 0.42 + head * 0.55), (head * 0.4, head * 0.3, head * 0.3), other)
    return parts


def bars(random):
    """Thin things: glasses, headphones, bicycles, tools, watches, rings."""
    kind, parts = random.random(), []
    own, other = material(random, random.choice(["metal", "black", "plastic", "wood"])), material(random, random.choice(["metal", "black", "plastic"]))
    t = np.linspace(0, 2 * np.pi, 40)

    def ring(at, r, thick, own, upright=True, wide=1.0):
        circle = np.stack([np.cos(t) * r * wide, t * 0, np.sin(t) * r], 1) if upright else np.stack([np.cos(t) * r * wide, np.sin(t) * r, t * 0], 1)
        parts.append((tube(circle + at, thick), own))

    if kind < 0.15:  # glasses
        for x in (-0.27, 0.27):
            ring((x, 0, 0), 0.2, 0.018, own, wide=random.uniform(1, 1.2))
            parts.append((tube([[x * 1.8, 0, 0.08], [x * 1.85, 0.5, 0.08], [x * 1.8, 0.75, -0.05]], 0.018), own))
            if random.random() < 0.7:
                parts.append((moved(lathe(np.array([0, 0.2]), np.array([0, 0.001])), (x, 0, 0), about(0, np.pi / 2)), other))
        parts.append((tube([[-0.09, 0, 0.05], [0, -0.02, 0.08], [0.09, 0, 0.05]], 0.018), own))
    elif kind < 0.35:  # headphones
        half = np.linspace(0, np.pi, 30)
        parts.append((tube(np.stack([np.cos(half) * 0.5, half * 0, np.sin(half) * 0.6], 1), random.uniform(0.02, 0.05)), own))
        for x in (-1, 1):
            r = random.uniform(0.2, 0.28)
            parts.append((moved(lathe(np.array([0, r * 0.9, r, r, r * 0.8, 0]), np.array([-0.1, -0.1, -0.06, 0.06, 0.1, 0.08])), (x * 0.48, 0, -0.08), about(1, np.pi / 2)), other if random.random() < 0.7 else own))
    elif kind < 0.5:  # a bicycle
        r, apart = random.uniform(0.28, 0.36), random.uniform(0.42, 0.55)
        for x in (-apart, apart):
            ring((x, 0, r), r, random.uniform(0.012, 0.03), material(random, "black"))
            ring((x, 0, r), r * 0.9, 0.006, material(random, "metal"))
            for a in np.linspace(0, np.pi, 7)[:-1]:
                parts.append((tube([[x - np.cos(a) * r, 0, r - np.sin(a) * r], [x + np.cos(a) * r, 0, r + np.sin(a) * r]], 0.004, 5), other))
        seat, crank, head = np.array([-0.18, 0, 0.8]), np.array([-0.06, 0, r]), np.array([apart - 0.15, 0, 0.78])
        for a, b in ((seat, crank), (crank, head - [0, 0, 0.1]), (seat - [0, 0, 0.05], head), ([-apart, 0, r], crank), ([-apart, 0, r], seat - [0, 0, 0.08]), ([apart, 0, r], head + [0, 0, 0.08])):
            parts.append((tube([a, b], 0.02), own))
        parts.append((moved(rounded((0.26, 0.12, 0.05), 0.025), seat + [0, 0, 0.05]), material(random, "black")))
        parts.append((tube([head + [0.05, -0.25, 0.12], head + [0, 0, 0.12], head + [0.05, 0.25, 0.12]], 0.015), other))
    elif kind < 0.7:  # a tool: a handle and a head
        long = random.uniform(0.7, 1.3)
        radius = random.uniform(0.03, 0.09) * (1 + 0.25 * np.sin(np.linspace(0, random.uniform(3, 12), 20)))
        parts.append((tube(np.stack([np.zeros(20), np.zeros(20), np.linspace(0, long, 20)], 1), radius), own))
        end = random.random()
        if end < 0.35:
            parts.append((moved(rounded((random.uniform(0.2, 0.5), 0.12, 0.13), 0.03), (random.uniform(-0.05, 0.1), 0, long)), other))
        elif end < 0.7:
            parts.append((moved(rounded((random.uniform(0.06, 0.3), 0.03, random.uniform(0.3, 0.7)), 0.015), (0, 0, long + 0.2)), other))
        else:
            parts.append((tube([[0, 0, long], [0, 0, long + random.uniform(0.3, 0.7)]], [0.025, 0.012]), other))
    elif kind < 0.85:  # a watch, a bracelet
        ring((0, 0, 0), 0.36, 0.02, own, upright=True)
        parts.append((moved([p if k else p * [1, 4, 1] for k, p in enumerate(tube(np.stack([np.cos(t) * 0.36, t * 0, np.sin(t) * 0.36], 1), 0.025))], (0, 0, 0)), own))
        r = random.uniform(0.15, 0.24)
        dial = lathe(np.array([0, r, r, r * 0.85, r * 0.8, 0]), np.array([-0.04, -0.04, 0.03, 0.05, 0.03, 0.03]))
        parts.append((moved(dial, (0, 0, 0.38)), other))
        if random.random() < 0.6:
            parts = [(moved(mesh, turn=about(0, random.uniform(0.5, 1.4)) if False else about(0, 1.1)), m) for mesh, m in parts]
    else:  # a car, a train: boxes on wheels
        long, tall = random.uniform(0.8, 1.4), random.uniform(0.15, 0.35)
        parts.append((moved(rounded((long, 0.5, tall), random.uniform(0.02, 0.15)), (0, 0, tall / 2 + 0.12)), material(random, random.choice(["paint", "plastic", "wood", "metal"]), float(random.random() < 0.3))))
        parts.append((moved(rounded((long * random.uniform(0.3, 0.7), 0.44, tall), random.uniform(0.03, 0.14)), (random.uniform(-0.15, 0.15), 0, tall * 1.35 + 0.12)), parts[0][1] if random.random() < 0.5 else material(random, "black")))
        for x in (-0.32, 0.32):
            for y in (-0.25, 0.25):
                r = random.uniform(0.11, 0.17)
                parts.append((moved(lathe(np.array([0, r * 0.6, r * 0.6, r, r, 0]), np.array([-0.06, -0.06, -0.05, -0.05, 0.05, 0.05])), (x * long, y, r), about(0, np.pi / 2)), other))
    return parts


def food(random):
    """Cakes, burgers, sandwiches, pots: things in layers."""
    parts, z, r = [], 0.0, random.uniform(0.4, 0.6)
    for _ in range(random.integers(2, 7)):
        h, own = random.uniform(0.04, 0.3), material(random, random.choice(["ceramic", "cloth", "plastic", "leather"]))
        w = r * random.uniform(0.8, 1.1)
        bulge = random.uniform(0.9, 1.15)
        wave = lathe(np.array([0, w * 0.95, w * bulge, w * 0.95, 0]), np.array([0, 0, h / 2, h, h]), random.choice([2, 2, 2, 4]))
        wave[0][:, :2] *= 1 + 0.05 * random.random() * np.sin(np.arctan2(wave[0][:, 1], wave[0][:, 0]) * random.integers(3, 14))[:, None]
        parts.append((moved(wave, (random.normal(0, 0.015), random.normal(0, 0.015), z)), own))
        z += h
    if random.random() < 0.5:
        t = np.linspace(0, np.pi / 2, 12)
        parts.append((moved(lathe(np.cos(t) * r, np.sin(t) * r * random.uniform(0.3, 1)), (0, 0, z)), material(random)))
    return parts
