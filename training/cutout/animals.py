"""Renders four-legged animals: the dog of dm_control (Apache-2.0) in other shapes, poses, furs.
python animals.py --surfaces pools/views.npy --count 1500 --out pools"""

from pathlib import Path

import cv2
import dm_control
import mujoco
import numpy as np
from people import color, lighting
from pools import framed
from render import Studio, looking, normals
from rendered import command, on_surfaces

DOG = Path(dm_control.__file__).parent / "suite/dog.xml"
FURS = np.array([[0.3, 0.16, 0.07], [0.12, 0.06, 0.03], [0.02, 0.02, 0.02], [0.85, 0.82, 0.78], [0.5, 0.48, 0.46], [0.2, 0.2, 0.21], [0.6, 0.3, 0.1], [0.65, 0.5, 0.3], [0.4, 0.3, 0.22], [0.75, 0.62, 0.45]])


def step(low, high, x):
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


class Animals:
    def __init__(self):
        self.model = mujoco.MjModel.from_xml_path(str(DOG))
        self.data = mujoco.MjData(self.model)
        self.scene = mujoco.MjvScene(self.model, 2000)
        self.option, self.camera = mujoco.MjvOption(), mujoco.MjvCamera()
        self.option.flags[mujoco.mjtVisFlag.mjVIS_SKIN] = 1
        self.triangles = np.array(self.model.skin_face).reshape(-1, 3)
        self.rest = self.posed(None)

    def posed(self, random):
        mujoco.mj_resetData(self.model, self.data)
        if random is not None:
            wild = random.uniform(0.03, 0.25)
            for number in range(self.model.njnt):
                joint = self.model.joint(number)
                if joint.type[0] == mujoco.mjtJoint.mjJNT_HINGE:
                    low, high = joint.range
                    spread = (high - low) * wild * (1.6 if joint.name.startswith(("C_", "atlas", "Ca_")) else 1)
                    self.data.qpos[joint.qposadr[0]] = np.clip(random.normal(0, spread), low, high)
        mujoco.mj_forward(self.model, self.data)
        mujoco.mjv_updateScene(self.model, self.data, self.option, None, self.camera, mujoco.mjtCatBit.mjCAT_ALL, self.scene)
        return np.array(self.scene.skinvert).reshape(-1, 3).astype(np.float64)

    def shaped(self, random):
        """Another animal: snout, head, ears, legs, belly, tail; and its head's place and direction."""
        rest, places = self.rest, self.posed(random)
        x, z = rest[:, 0], rest[:, 2]
        facing = normals(places, self.triangles)
        torso = step(0.3, 0.42, z) * (1 - step(0.15, 0.3, x)) * step(-0.5, -0.4, x)
        legs = 1 - step(0.28, 0.38, z)
        tail = 1 - step(-0.47, -0.42, x)
        neck = step(0.1, 0.2, x) * (1 - step(0.28, 0.34, x)) * step(0.4, 0.5, z)
        puff = random.uniform(0, 0.02) + torso * random.uniform(0, 0.06) + legs * (1 - tail) * random.uniform(0, 0.014) + tail * random.uniform(0, 0.035) + neck * random.uniform(0, 0.05)
        wave = np.sin(rest @ random.normal(0, 30, (3, 3)) + random.random(3) * 6).mean(1)
        head = step(0.28, 0.34, x) * step(0.55, 0.62, z)
        places = places + facing * ((puff + wave * random.uniform(0, 0.012)) * (1 - 0.8 * head))[:, None]
        lift = (1 - random.uniform(0.35, 1.15)) * np.clip(0.34 - z, 0, 1)
        places[:, 2] += lift * (1 - tail)
        eyes = places[(np.abs(x - 0.374) < 0.012) & (np.abs(z - 0.714) < 0.02)].mean(0)
        back = places[(x > 0.29) & (x < 0.33) & (z > 0.62) & (z < 0.72)].mean(0)
        forward = (eyes - back) * [1, 1, 0.6]
        forward /= np.linalg.norm(forward)
        # The snout, shorter or longer.
        front = step(0.37, 0.4, x) * head
        along = (places - eyes) @ forward
        short = random.uniform(0.2, 1.15)
        places -= (front * along * (1 - short))[:, None] * forward
        # The ears.
        ear = step(0.755, 0.78, z)
        base = places[(z > 0.75) & (z < 0.765)]
        places += (ear * (random.uniform(0.2, 1.5) - 1))[:, None] * (places - base.mean(0)) * [0.3, 0.15, 1]
        # The head as a whole, wider for a cat.
        size = random.uniform(0.85, 1.7)
        offset = places - back
        side = np.cross(forward, [0, 0, 1.0])
        side /= np.linalg.norm(side)
        wide = random.uniform(0.95, 1.5)
        offset = offset * size + (offset @ side)[:, None] * side * (wide - 1)
        places = places * (1 - head[:, None]) + (back + offset) * head[:, None]
        places *= [random.uniform(0.75, 1.2), random.uniform(0.9, 1.35), random.uniform(0.85, 1.2)]
        places += 0.02 * np.sin(rest @ random.normal(0, 6, (3, 3)) + random.random(3) * 6)
        eyes = places[(np.abs(x - 0.374) < 0.012) & (np.abs(z - 0.714) < 0.02)].mean(0)
        back = places[(x > 0.29) & (x < 0.33) & (z > 0.62) & (z < 0.72)].mean(0)
        return places, eyes, back


def shaggy(random, made):
    """Strands at the edge; colours go on outside."""
    alpha = made[..., 3].astype(np.float32)
    spread = random.uniform(1.5, 5)
    soft = cv2.GaussianBlur(alpha, (0, 0), spread) / 255
    colours = made[..., :3].astype(np.float32)
    weight = alpha[..., None] / 255
    outside = cv2.GaussianBlur(colours * weight, (0, 0), spread) / np.maximum(soft, 0.02)[..., None]
    side = alpha.shape[0]
    rough = np.zeros((side, side), np.float32)
    for _ in range(3):
        field, angle, stroke = random.normal(0, 1, (side, side)).astype(np.float32), random.random() * np.pi, int(random.integers(5, 17))
        kernel = np.zeros((stroke, stroke), np.float32)
        c, reach = (stroke - 1) / 2, (stroke - 1) / 2
        cv2.line(kernel, (round(c - reach * np.cos(angle)), round(c - reach * np.sin(angle))), (round(c + reach * np.cos(angle)), round(c + reach * np.sin(angle))), 1)
        rough += cv2.filter2D(field, -1, kernel / kernel.sum() * np.sqrt(stroke)) * np.clip(cv2.resize(random.normal(0.6, 0.6, (4, 4)).astype(np.float32), (side, side)), 0, 2)
    fresh = np.clip((soft - 0.5 + rough * 4 * soft * (1 - soft) * random.uniform(0.08, 0.3)) * random.uniform(3, 8) + 0.5, 0, 1)
    # What the frame cut stays cut.
    solid = np.where((alpha > 24).any(1))[0]
    fresh[solid[-1] - 1 :] = np.minimum(fresh[solid[-1] - 1 :], alpha[solid[-1] - 1 :] / 255)
    return np.dstack([np.clip(colours * weight + outside * (1 - weight), 0, 255), fresh * 255]).astype(np.uint8)


def animal(random, animals, studio, surface):
    places, eyes, back = animals.shaped(random)
    light = lighting(random)
    sun = light.pop("sun")
    pair = FURS[random.integers(len(FURS), size=2)] * random.uniform(0.6, 1.2, (2, 1)) * (1 + random.normal(0, 0.08, (2, 3)))
    if random.random() < 0.06:
        pair[0] = color(random)
    pattern = random.choice([0, 1, 2, 3, 3, 4])
    uniforms = {"kind": 6, "seed": float(random.random()), "c0": np.clip(pair[0], 0.01, 0.95), "c1": np.clip(pair[1], 0.01, 0.95), "c2": np.array([[0.35, 0.2, 0.03], [0.3, 0.45, 0.1], [0.05, 0.025, 0.01], [0.2, 0.35, 0.6]])[random.integers(4)],
                "look": (pattern, np.exp(random.uniform(np.log(5), np.log(25))), random.uniform(0.35, 0.55), float(random.random() < 0.25)),
                "cut": (random.uniform(0.25, 0.65), 0, 0, 0), "face": (random.uniform(0.8, 2.0), random.choice([1.0, 2.5]), float(random.random() < 0.3), 0), "bump": random.uniform(0.2, 1.3), "gloss": random.uniform(0, 0.5)}
    mesh = [(places, normals(places, animals.triangles), animals.rest, animals.triangles, uniforms)]
    forward = eyes - back
    heading = np.arctan2(forward[1], forward[0])
    low, high = places.min(0), places.max(0)
    size = np.linalg.norm(high - low)
    kind = random.random()
    head = np.linalg.norm(eyes - back)
    if kind < 0.45:
        view, middle = size * random.uniform(0.95, 1.15), (low + high) / 2
        azimuth = random.uniform(-np.pi, np.pi)
    else:
        view = head * random.uniform(3.2, 5.5) if kind < 0.8 else size * random.uniform(0.5, 0.7)
        middle = eyes * 0.6 + back * 0.4 - [0, 0, view * random.uniform(0.05, 0.28)]
        azimuth = heading + random.normal(0, 0.7)
    raised, field = random.normal(0.15, 0.25), np.deg2rad(random.uniform(18, 55))
    away = view / 2 / np.tan(field / 2)
    spot = middle + away * np.array([np.cos(azimuth) * np.cos(raised), np.sin(azimuth) * np.cos(raised), np.sin(raised)])
    c, s = np.cos(azimuth + np.pi / 2), np.sin(azimuth + np.pi / 2)
    sun = np.array([c * sun[0] - s * sun[1], s * sun[0] + c * sun[1], sun[2]])
    made = framed(studio.render(mesh, looking(spot, middle, field), spot, sun, (low + high) / 2, size * 0.6, light, surface))
    return shaggy(random, made) if made is not None and random.random() < 0.7 else made


def main() -> None:
    animals, studio = Animals(), Studio()
    on_surfaces(command("animals", 1500).parse_args(), studio, lambda random, surface: animal(random, animals, studio, surface))


if __name__ == "__main__":
    main()
