"""Renders people: bodies of Anny (Apache-2.0, on MakeHuman's CC0 meshes) with clothes and hair of our own shading.
python people.py --surfaces pools/views.npy --count 2000 --out pools"""

from pathlib import Path

import anny
import numpy as np
import torch
from pools import framed
from render import Studio, looking, normals
from rendered import command, on_surfaces

OBJ = Path(anny.__file__).parent / "data/mpfb2/3dobjs/base.obj"


def groups():
    """Triangles of each group of the base mesh."""
    made, name = {}, None
    for line in OBJ.read_text().splitlines():
        if line.startswith("g "):
            name = line.split()[1]
        elif line.startswith("f "):
            corners = [int(part.split("/")[0]) - 1 for part in line.split()[1:]]
            made.setdefault(name, []).extend([[corners[0], corners[k], corners[k + 1]] for k in range(1, len(corners) - 1)])
    return {name: np.array(faces) for name, faces in made.items()}


def turn(axis, angle):
    axis = np.asarray(axis, float) / np.linalg.norm(axis)
    c, s = np.cos(angle), np.sin(angle)
    x, y, z = axis
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    made = np.eye(4)
    made[:3, :3] = np.eye(3) * c + s * cross + (1 - c) * np.outer(axis, axis)
    return made


class People:
    def __init__(self):
        self.model = anny.Anny(topology="anny-quads-full").float()
        self.bones = {name: number for number, name in enumerate(self.model.bone_labels)}
        self.groups = groups()
        half = {name: torch.tensor([0.5]) for name in self.model.phenotype_labels}
        self.rest = self.model(pose_parameters=self.still(), phenotype_kwargs=half)["vertices"][0].numpy()

    def still(self):
        return torch.eye(4)[None, None].repeat(1, len(self.bones), 1, 1)

    def pose(self, random):
        made = np.tile(np.eye(4), (len(self.bones), 1, 1))

        def bend(name, axis, angle):
            made[self.bones[name]] = turn(axis, angle) @ made[self.bones[name]]

        kind = random.random()
        for side, sign in (("L", 1), ("R", -1)):
            # Arms: down from the slanted rest, forwards, elbows bent. Across y lowers, across z brings forwards.
            down = random.normal(0.55, 0.2) if random.random() < 0.7 else random.uniform(-1.3, 0.5)
            bend(f"upperarm01.{side}", [0, 1, 0], sign * down)
            bend(f"upperarm01.{side}", [0, 0, 1], -sign * random.normal(0.15, 0.3))
            elbow = abs(random.normal(0.2, 0.2)) if random.random() < 0.5 else random.uniform(0.3, 2.0)
            inward = np.array([-1.0, 0, sign * random.normal(0.3, 0.6)])
            bend(f"lowerarm01.{side}", inward, -elbow if random.random() < 0.0 else elbow * -1)
            for finger in range(1, 6):
                for joint in range(1, 4):
                    bend(f"finger{finger}-{joint}.{side}", [0, 1, 0], sign * random.uniform(0, 0.5))
            step = random.normal(0, 0.3) if kind < 0.75 else random.normal(1.2, 0.3)
            bend(f"upperleg01.{side}", [1, 0, 0], -step)
            bend(f"upperleg01.{side}", [0, 1, 0], sign * random.normal(0.05, 0.08))
            bend(f"lowerleg01.{side}", [1, 0, 0], max(0, random.normal(0.15, 0.25)) if kind < 0.75 else random.normal(1.3, 0.3))
        for bone, spread in (("spine05", 0.06), ("spine03", 0.1), ("spine01", 0.1), ("neck01", 0.12), ("head", 0.2)):
            bend(bone, [1, 0, 0], random.normal(0, spread))
            bend(bone, [0, 1, 0], random.normal(0, spread))
            bend(bone, [0, 0, 1], random.normal(0, spread * 1.5))
        if random.random() < 0.22:  # bent forwards or back, one knee up, an arm raised: sport, work
            stoop = random.choice([-1, 1], p=[0.25, 0.75]) * random.uniform(0.2, 0.5)
            for bone in ("spine05", "spine03", "spine01"):
                bend(bone, [1, 0, 0], stoop)
            side, sign = [("L", 1), ("R", -1)][random.integers(2)]
            bend(f"upperleg01.{side}", [1, 0, 0], -random.uniform(0.3, 1.3))
            bend(f"lowerleg01.{side}", [1, 0, 0], random.uniform(0.2, 1.4))
            bend(f"upperarm01.{side}", [0, 1, 0], -sign * random.uniform(0.8, 1.9))
        return torch.from_numpy(made).float()[None]


def color(random, dull=0.5):
    base = random.random(3) ** 1.5
    grey = base.mean() * random.uniform(0.3, 1.5)
    made = np.clip(grey + (base - grey) * random.uniform(1 - dull, 1.2), 0.01, 0.95)
    return made * (1 if random.random() < 0.8 else random.uniform(0.05, 0.4))


def lighting(random):
    """Sun, sky and ground of one picture, linear."""
    azimuth, height = random.uniform(-np.pi, np.pi), random.uniform(0.05, 1.3)
    if random.random() < 0.6:
        azimuth = -np.pi / 2 + random.normal(0, 0.9)
    sun = np.array([np.cos(azimuth) * np.cos(height), np.sin(azimuth) * np.cos(height), np.sin(height)])
    warm = random.normal(0, 0.15)
    tone = np.array([1 + warm, 1, 1 - warm])
    soft = random.random()
    rim = random.normal(0, 1, 3)
    rim[1] = abs(rim[1])
    strength = random.uniform(0, 0.8) if random.random() < 0.4 else 0.0
    return {"sun": sun, "suncolor": tone * random.uniform(0.3, 1.5) * (1.2 - soft), "sky": (2 - tone) * random.uniform(0.35, 0.9) * (0.4 + soft), "ground": random.uniform(0.15, 0.6, 3) * (0.3 + soft) * 0.7,
            "rimdir": rim / np.linalg.norm(rim), "rimcolor": np.full(3, strength)}


def look(random):
    """A pattern of cloth."""
    return (random.choice([0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 6]), np.exp(random.uniform(np.log(5), np.log(60))), random.uniform(0.3, 0.8), random.random() < 0.3)


def person(random, people, studio, surface, clothes=False):
    """One person, rendered: side x side x 4. With `clothes` only what is worn, as shops show it."""
    age = random.uniform(0.35, 1.0) if random.random() < 0.85 else random.uniform(0.0, 0.35)
    phenotype = {"gender": random.random(), "age": age, "muscle": random.uniform(0.2, 0.9), "weight": random.beta(2, 2), "height": random.uniform(0.2, 0.8), "proportions": random.uniform(0.2, 0.9)}
    with torch.no_grad():
        places = people.model(pose_parameters=people.pose(random), phenotype_kwargs={name: torch.tensor([float(value)]) for name, value in phenotype.items()})["vertices"][0].numpy()
    light = lighting(random)
    tan = random.random()
    skin = np.array([0.75, 0.48, 0.36]) * (1 - tan) + np.array([0.12, 0.055, 0.03]) * tan
    skin = skin * random.uniform(0.8, 1.15) * (1 + random.normal(0, 0.04, 3))
    hair = (np.array([[0.02, 0.015, 0.012], [0.06, 0.03, 0.015], [0.14, 0.07, 0.03], [0.45, 0.3, 0.12], [0.3, 0.09, 0.03], [0.5, 0.5, 0.5]])[random.choice(6, p=[0.3, 0.25, 0.15, 0.14, 0.06, 0.1])] * random.uniform(0.6, 1.3))
    if random.random() < 0.04:
        hair = color(random)
    seed = {"seed": float(random.random())}
    meshes = []

    worn = random.choice(["top", "below", "both"], p=[0.6, 0.25, 0.15]) if clothes else "all"

    def add(name, uniforms, puff=0.0, waves=0.0):
        if worn != "all" and (uniforms["kind"] not in (1, 2, 3) or worn == "top" and uniforms["kind"] > 1 or worn == "below" and uniforms["kind"] == 1):
            return
        triangles = people.groups[name]
        used = np.unique(triangles)
        index = np.zeros(len(places), int)
        index[used] = np.arange(len(used))
        own, rest = places[used], people.rest[used]
        facing = normals(own, index[triangles])
        if puff or waves:
            wave = np.sin(rest @ random.normal(0, 14, (3, 3)) + random.random(3) * 6).mean(1)
            own = own + facing * (puff + waves * wave)[:, None]
            facing = normals(own, index[triangles])
        meshes.append((own, facing, rest, index[triangles], {**seed, **uniforms}))

    bald = random.random() < 0.08
    length = random.choice([0.62, 0.57, 0.45, 0.2], p=[0.42, 0.2, 0.2, 0.18]) + random.uniform(-0.05, 0.03)
    if phenotype["gender"] < 0.45 and random.random() < 0.7:  # men
        length = max(length, random.uniform(0.58, 0.68))
    shoe = color(random) if random.random() < 0.9 else skin
    add("body", {"kind": 0, "c0": skin, "c1": skin * np.array([0.9, 0.55, 0.55]), "c2": hair if not bald else skin * 0.9, "gloss": random.uniform(0.05, 0.5), "bump": random.uniform(0, 0.25),
                 "face": (random.uniform(0, 0.6), random.uniform(0.3, 1), random.uniform(0.3, 0.9) if phenotype["gender"] > 0.5 and random.random() < 0.35 else 0, random.uniform(0.695, 0.725) if not bald else 2.0),
                 "cut": (-0.79 if random.random() < 0.9 else -9, *shoe)})
    iris = color(random) * 0.5
    for eye in ("helper-l-eye", "helper-r-eye"):
        add(eye, {"kind": 5, "c0": iris, "casts": False})
    if not bald:
        fringe = random.uniform(0.66, 0.72)
        add("helper-hair", {"kind": 4, "c0": hair * 0.5, "c1": hair * 1.3, "cut": (length, -0.06, fringe, 0), "gloss": random.uniform(0.1, 0.9)}, random.uniform(0, 0.02), random.uniform(0, 0.012))
    overall = random.random() < 0.15
    cloth, other = color(random), color(random)
    sleeve = random.choice([0.19, 0.26, 0.33, 0.44, 0.47], p=[0.15, 0.2, 0.1, 0.35, 0.2])
    thick = random.uniform(0.002, 0.02)
    hem = random.uniform(-0.22, 0.02)
    bare = not clothes and random.random() < 0.1
    if not bare:
        add("helper-tights", {"kind": 1, "c0": cloth, "c1": other, "look": look(random), "cut": (sleeve, hem, random.uniform(0.48, 0.56), random.uniform(0, 0.5)), "bump": random.uniform(0.2, 1.2), "gloss": random.choice([0, 0.1, 0.5])}, thick, random.uniform(0, 0.01))
    below = (cloth, other) if overall else (color(random), color(random))
    pattern = look(random) if random.random() < 0.3 else (0, 1, 0.5, 0)
    if random.random() < 0.72 or overall:
        add("helper-tights", {"kind": 2, "c0": below[0], "c1": below[1], "look": pattern, "cut": (random.choice([-0.78, -0.75, -0.4, -0.2], p=[0.6, 0.15, 0.1, 0.15]), 0.06, 0, 0), "bump": random.uniform(0.2, 1)}, random.uniform(0.002, 0.012), random.uniform(0, 0.006))
    else:
        add("helper-skirt", {"kind": 3, "c0": below[0], "c1": below[1], "look": pattern, "cut": (random.uniform(-0.7, -0.2), 0.1, 0, 0), "bump": random.uniform(0.2, 1)}, 0.008, random.uniform(0, 0.01))
    # The camera: all of it, to the waist, or head and shoulders.
    top = places[people.groups["body"]].reshape(-1, 3)
    head = places[np.unique(people.groups["helper-l-eye"])].mean(0)
    low, high = top[:, 2].min(), top[:, 2].max()
    kind = random.random()
    if clothes:
        shown = np.concatenate([mesh[0][np.unique(mesh[3])] for mesh in meshes])
        low, high, kind = shown[:, 2].min(), shown[:, 2].max(), 0.0
    tall = high - low
    if kind < 0.35:
        view, middle = tall * (1.5 if clothes else 1.12), np.array([*top.mean(0)[:2], (low + high) / 2])
    elif kind < 0.7:
        view = tall * random.uniform(0.45, 0.75)
        middle = np.array([head[0], head[1] + 0.1, high + view * 0.06 - view / 2])
    else:
        view = tall * random.uniform(0.2, 0.4)
        middle = np.array([head[0], head[1] + 0.08, high + view * random.uniform(-0.05, 0.1) - view / 2])
    azimuth = -np.pi / 2 + (random.normal(0, 0.5) if random.random() < 0.8 else random.uniform(-np.pi, np.pi))
    raised = random.normal(0.08, 0.16)
    field = np.deg2rad(random.uniform(18, 50))
    away = view / 2 / np.tan(field / 2)
    spot = middle + away * np.array([np.cos(azimuth) * np.cos(raised), np.sin(azimuth) * np.cos(raised), np.sin(raised)])
    for_light = light.pop("sun")
    # Light mostly from where the camera is.
    c, s = np.cos(azimuth + np.pi / 2), np.sin(azimuth + np.pi / 2)
    sun = np.array([c * for_light[0] - s * for_light[1], s * for_light[0] + c * for_light[1], for_light[2]])
    return studio.render(meshes, looking(spot, middle, field), spot, sun, middle * 0 + np.array([0, 0, (low + high) / 2]), tall * 0.65, {**light}, surface)


def main() -> None:
    parser = command("people", 2000)
    parser.add_argument("--clothes", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    people, studio = People(), Studio()
    on_surfaces(options, studio, lambda random, surface: framed(person(random, people, studio, surface, options.clothes)))


if __name__ == "__main__":
    main()
