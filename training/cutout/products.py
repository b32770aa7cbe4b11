"""Renders things that are sold: bottles, boxes, devices, furniture, shoes, bags, toys, tools, food, all shaped from a seed.
python products.py --surfaces pools/views.npy --count 1500 --out pools"""

import sys
from pathlib import Path

import cv2
import numpy as np
from people import color, lighting
from pools import framed
from render import Studio, looking, normals
from rendered import command, fill

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import pictures  # noqa: E402
from PIL import Image, ImageDraw, ImageFont  # noqa: E402

# `rest` is the place on the label (u, v). The left half of `picture` is the label, the right half what is mirrored.
# look: how much of the label shows, metal, roughness, grain. cut: where on the part the label is.
FRAGMENT = """
#version 330
uniform vec3 eye; uniform vec3 sun; uniform vec3 suncolor; uniform vec3 rimdir; uniform vec3 rimcolor; uniform vec3 sky; uniform vec3 ground;
uniform vec3 c0; uniform vec3 c1; uniform vec4 cut; uniform vec4 look; uniform float gloss; uniform float seed; uniform float bump; uniform float scale;
uniform sampler2D picture; uniform sampler2DShadow shade;
in vec3 p; in vec3 n; in vec3 q; in vec4 s;
out vec4 made;
float hash(vec3 a) { a = fract(a * 0.3183099 + vec3(0.1, 0.17, 0.13) + seed); a *= 17.0; return fract(a.x * a.y * a.z * (a.x + a.y + a.z)); }
float noise(vec3 a) { vec3 i = floor(a), f = fract(a); f = f * f * (3.0 - 2.0 * f);
  return mix(mix(mix(hash(i), hash(i + vec3(1,0,0)), f.x), mix(hash(i + vec3(0,1,0)), hash(i + vec3(1,1,0)), f.x), f.y),
             mix(mix(hash(i + vec3(0,0,1)), hash(i + vec3(1,0,1)), f.x), mix(hash(i + vec3(0,1,1)), hash(i + vec3(1,1,1)), f.x), f.y), f.z); }
float fbm(vec3 a) { return 0.5 * noise(a) + 0.25 * noise(a * 2.03) + 0.125 * noise(a * 4.1) + 0.0625 * noise(a * 8.2); }
void main() {
  vec3 m = normalize(n), view = normalize(eye - p); if (dot(m, view) < 0.0) m = -m;
  if (bump > 0.0) { vec3 f = p * scale; float e = 0.3; vec3 g = vec3(fbm(f + vec3(e,0,0)), fbm(f + vec3(0,e,0)), fbm(f + vec3(0,0,e))) - fbm(f); m = normalize(m - bump * g); }
  vec3 color = mix(c0, c1, smoothstep(0.42, 0.58, fbm(p * vec3(scale * 0.35, scale * 0.35, scale * (look.w > 1.5 ? 0.03 : 0.35)))) * step(0.5, look.w));
  vec2 at2 = (q.xy - cut.xy) / max(cut.zw - cut.xy, vec2(1e-3));
  if (look.x > 0.0 && at2.x > 0.0 && at2.y > 0.0 && at2.x < 1.0 && at2.y < 1.0) color = mix(color, pow(texture(picture, vec2(at2.x * 0.496 + 0.002, at2.y)).rgb, vec3(2.2)), look.x);
  color *= 0.92 + 0.16 * fbm(p * 40.0);
  vec3 at = s.xyz / s.w * 0.5 + 0.5; float lit = 0.0;
  for (int i = -1; i <= 1; i++) for (int j = -1; j <= 1; j++) lit += texture(shade, vec3(at.xy + vec2(i, j) * 0.004, at.z - 0.008));
  lit /= 9.0;
  vec3 light = mix(ground, sky, 0.5 + 0.5 * m.z) + suncolor * max(0.0, (dot(m, sun) + 0.05) / 1.05) * lit + rimcolor * max(0.0, dot(m, rimdir));
  vec3 mirrored = reflect(-view, m);
  float fresnel = mix(0.04, 1.0, pow(1.0 - max(0.0, dot(m, view)), 5.0));
  vec2 env = vec2(0.75 + 0.24 * sin(atan(mirrored.y, mirrored.x) + seed * 6.0), 0.5 - 0.49 * mirrored.z);
  vec3 seen = pow(textureLod(picture, env, look.z * 6.0).rgb, vec3(2.2)) * 1.3;
  vec3 c = color * light * (1.0 - look.y) + seen * mix(vec3(fresnel * gloss), color * 1.4, look.y);
  c += suncolor * lit * gloss * pow(max(0.0, dot(m, normalize(sun + view))), mix(120.0, 6.0, look.z)) * mix(vec3(0.6), color, look.y);
  made = vec4(pow(clamp(c, 0.0, 1.0), vec3(1.0 / 2.2)), 1.0);
}
"""


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


def car(random):
    """A car: its side view with thickness, windows, wheels."""

    def side(points):
        canvas, smooth = np.zeros((256, 256), np.uint8), np.array(points, float)
        for _ in range(2):
            nxt = np.roll(smooth, -1, 0)
            smooth = np.stack([smooth * 0.75 + nxt * 0.25, smooth * 0.25 + nxt * 0.75], 1).reshape(-1, 2)
        cv2.fillPoly(canvas, [np.int32(smooth * 256)], 255)
        return canvas

    roof, hood, tail = random.uniform(0.14, 0.3), random.uniform(0.08, 0.14), random.uniform(0.08, 0.17)
    a, b = random.uniform(0.22, 0.36), random.uniform(0.66, 0.95)
    front, rear = random.uniform(0.04, 0.16), random.uniform(0.0, 0.1)
    base = 0.62
    body = [[0.01, base], [0.0, base - 0.09], [0.04, base - hood], [a, base - hood - 0.02], [a + front, base - roof], [b - rear, base - roof], [min(0.98, b + 0.04), base - tail], [0.99, base - tail + 0.03], [1.0, base]]
    paint = material(random, "paint" if random.random() < 0.85 else "metal", float(random.random() < 0.15), (0.3, 0.45, 0.8, 0.62))
    paint["gloss"], paint["look"][2] = random.uniform(0.8, 2.0), random.uniform(0, 0.3)
    glass = material(random, "black")
    glass["gloss"], glass["look"][2] = 1.5, 0.05
    wide = random.uniform(0.17, 0.22)
    window = [[a + 0.03, base - hood - 0.01], [a + front + 0.02, base - roof + 0.02], [b - rear - 0.02, base - roof + 0.02], [b, base - max(tail, hood) - 0.01]]
    parts = [(inflated(side(body), wide, 0.3, 128), paint), (inflated(side(window), wide * 0.99 + 0.004, 0.05, 128), glass)]
    # Wind-screens, front and rear.
    for x0, z0, x1, z1 in ((a + 0.01, base - hood - 0.03, a + front, base - roof + 0.01), (b + 0.02, base - tail - 0.02, b - rear, base - roof + 0.01)):
        lift = 0.012 if x0 < 0.5 else -0.012
        at = np.array([[x0 - 0.5 - lift, y * wide * 0.75, 0.5 - z0] for y in (-1, 1)] + [[x1 - 0.5 - lift, y * wide * 0.65, 0.5 - z1] for y in (-1, 1)])
        parts.append((surface_of(at, np.zeros((4, 2)), 2), glass))
    rubber, rim = material(random, "black"), material(random, "metal")
    rubber["gloss"], rubber["look"][2] = 0.1, 1
    r = random.uniform(0.07, 0.095)
    for x in (-random.uniform(0.28, 0.34), random.uniform(0.26, 0.34)):
        for y in (-1, 1):
            parts.append((moved(lathe(np.array([0, r * 0.7, r, r, r * 0.7, 0]), np.array([-0.03, -0.035, -0.03, 0.03, 0.035, 0.03])), (x, y * (wide - 0.02), 0.5 - base - 0.01), about(0, np.pi / 2)), rubber))
            parts.append((moved(lathe(np.array([0, r * 0.3, r * 0.62, r * 0.66]), np.array([-0.01, 0, 0.004, 0])), (x, y * (wide + 0.017), 0.5 - base - 0.01), about(0, -y * np.pi / 2)), rim))
    for y in (-1, 1):
        light = material(random, "ceramic")
        parts.append((moved(rounded((0.04, 0.07, 0.03), 0.012), (-0.47, y * wide * 0.6, 0.5 - base + 0.075)), light))
        red = material(random, "plastic")
        red["c0"] = np.array([0.5, 0.02, 0.02])
        parts.append((moved(rounded((0.04, 0.07, 0.03), 0.012), (0.47, y * wide * 0.6, 0.5 - base + 0.08)), red))
    return parts


def screen(random):
    """Pictures on things: monitors, tablets, discs, books, posters. What is on them belongs to them."""
    size = np.array([random.uniform(0.6, 1.8), random.uniform(0.01, 0.15), 1.0])
    rim = random.choice([0, 0.015, 0.04, 0.1])
    frame = material(random, random.choice(["black", "black", "plastic", "metal", "wood"]), 1.0, (rim, rim, 1 - rim, 1 - rim))
    frame["gloss"] *= random.uniform(0, 1)
    parts = [(rounded(size, random.choice([0.002, 0.02, 0.06])), frame)]
    if random.random() < 0.5:  # a stand
        own = material(random, random.choice(["black", "metal", "plastic"]))
        low, deep = -0.5 - random.uniform(0.08, 0.4), random.uniform(0.1, 0.3)
        if random.random() < 0.5:
            parts.append((tube([[0, 0.06, -0.3], [0, 0.1, low]], random.uniform(0.02, 0.06)), own))
            r = random.uniform(0.2, 0.4)
            parts.append((moved([v * [1, 0.6, 1] if k == 0 else v for k, v in enumerate(lathe(np.array([0, r, r, 0]), np.array([0, 0, 0.03, 0.03])))], (0, 0.08, low)), own))
        else:
            for x in (-1, 1):
                parts.append((tube([[0, 0.06, -0.45], [x * size[0] * 0.3, 0.06, low + 0.05], [x * size[0] * 0.35, -deep, low]], 0.022), own))
                parts.append((tube([[x * size[0] * 0.3, 0.06, low + 0.05], [x * size[0] * 0.3, deep, low]], 0.022), own))
    return parts


def ring(random):
    """Things with a hole: rings, bracelets, wreaths, frames, handles."""
    parts, t = [], np.linspace(0, 2 * np.pi, 60)
    for _ in range(random.integers(1, 4)):
        own = material(random, random.choice(["metal", "metal", "metal", "plastic", "leather", "wood"]))
        r, wide, thick = random.uniform(0.4, 0.6), random.uniform(0.02, 0.3), random.uniform(0.02, 0.08)
        kind, made = random.random(), []
        if kind < 0.45:  # a band
            profile = np.array([[r, -wide], [r + thick, -wide], [r + thick, wide], [r, wide], [r, -wide]])
            made.append(lathe(profile[:, 0], profile[:, 1], around=60))
        elif kind < 0.75:  # round
            made.append(tube(np.stack([np.cos(t) * r, np.sin(t) * r, 0 * t], 1), thick * 0.8, 12))
        elif kind < 0.9:  # a chain
            for a in np.linspace(0, 2 * np.pi, random.integers(14, 44))[:-1]:
                link = np.stack([np.cos(t) * 0.07, np.sin(t) * 0.035, 0 * t], 1)[::4]
                made.append(moved(moved(tube(link, 0.016, 6), turn=about(0, random.choice([0, 1.57]))), (np.cos(a) * r, np.sin(a) * r, 0), about(2, -a - 1.57)))
        else:  # a frame
            w, h = random.uniform(0.4, 0.8, 2)
            corners = np.array([[-w, -h, 0], [w, -h, 0], [w, h, 0], [-w, h, 0], [-w, -h, 0]])
            made.append(tube(np.concatenate([np.linspace(a, b, 6) for a, b in zip(corners, corners[1:])]), thick, 8))
        if kind < 0.75 and random.random() < 0.5:  # stones
            gem = random.uniform(0.03, 0.2)
            for a in np.linspace(0, random.uniform(0.1, 3), random.integers(1, 9)):
                made.append(moved(lathe(np.array([0, gem, gem * 0.7, 0]), np.array([-gem, 0, gem * 0.4, gem * 0.4]), around=8), (np.cos(a) * (r + thick + gem * 0.5), np.sin(a) * (r + thick + gem * 0.5), 0), about(1, np.pi / 2) @ about(0, a)))
        lean = about(0, random.choice([0.0, np.pi / 2, random.uniform(0, np.pi)])) @ about(1, random.normal(0, 0.4))
        at = random.normal(0, 0.3, 3) * (len(parts) > 0)
        parts += [(moved(mesh, at, lean), own) for mesh in made]
    return parts


MAKERS = {bottle: 0.26, box: 0.2, furniture: 0.15, outlined: 0.16, balls: 0.08, bars: 0.1, food: 0.05}


def art(random, views, files):
    """A label, 512 x 512 RGB."""
    ground = tuple(int(c) for c in (color(random) ** 0.45 * 255))
    picture = Image.new("RGB", (512, 512), ground)
    if random.random() < 0.35:
        view = views[random.integers(len(views))][..., ::-1]
        picture.paste(Image.fromarray(np.ascontiguousarray(view)).resize((512, 512)))
    draw = ImageDraw.Draw(picture)
    for _ in range(random.integers(1, 9)):
        x, y = random.uniform(-100, 512, 2)
        w, h = random.uniform(20, 400, 2)
        fill = tuple(int(c) for c in (color(random, 0.2) ** 0.45 * 255))
        kind = random.random()
        if kind < 0.35:
            draw.rectangle((x, y, x + w, y + h * 0.5), fill)
        elif kind < 0.65:
            draw.ellipse((x, y, x + w, y + (w if random.random() < 0.5 else h)), fill)
        elif kind < 0.8:
            draw.polygon([tuple(random.uniform(0, 512, 2)) for _ in range(3)], fill)
        else:
            draw.rectangle((0, y, 512, y + h * 0.4), fill)
    y = random.uniform(10, 120)
    while y < 480 and random.random() < 0.85:
        size = int(np.exp(random.uniform(np.log(14), np.log(110))))
        font = ImageFont.truetype(files[random.integers(len(files))], size) if files else ImageFont.load_default(size)
        words = " ".join("".join(random.choice(list("abcdefghijklmnoprstuvwxyzABCDEGHKLMNOPRSTUW0123456789"), random.integers(3, 9))) for _ in range(1 if size > 40 else 5))
        draw.text((random.uniform(10, 120), y), words, fill=tuple(int(c) for c in (random.choice([0, 255]) * np.ones(3) if random.random() < 0.6 else random.random(3) * 255)), font=font)
        y += size * random.uniform(1.1, 1.8)
    return np.asarray(picture)


def product(random, studio, views, files, only=None):
    maker = list(MAKERS)[random.choice(len(MAKERS), p=np.array(list(MAKERS.values())))] if only is None else globals()[only]
    parts = maker(random)
    if only is None and random.random() < 0.5:  # fewer materials: the same for all parts of a kind
        own = [parts[0][1], parts[-1][1]]
        parts = [(mesh, own[random.integers(2)] if random.random() < 0.3 else m) for mesh, m in parts]
    if only is None and random.random() < 0.1:  # lying
        turn = about(0, np.pi / 2)
        parts = [(moved(mesh, turn=turn), m) for mesh, m in parts]
    everything = np.concatenate([mesh[0] for mesh, _ in parts])
    low, high = everything.min(0), everything.max(0)
    middle, size = (low + high) / 2, np.linalg.norm(high - low)
    shown = [((mesh[0] - middle) / size, mesh[1], mesh[2], mesh[3], m) for mesh, m in parts if len(mesh[3])]
    light = lighting(random)
    light["sky"] = light["sky"] * random.uniform(0.7, 1.6)
    sun = light.pop("sun")
    azimuth = -np.pi / 2 + (random.normal(0, 0.55) if random.random() < 0.8 else random.uniform(-np.pi, np.pi))
    raised = np.clip(random.normal(0.25, 0.28), -0.2, 1.45)
    if only == "car":
        azimuth, raised = random.uniform(-np.pi, np.pi), abs(random.normal(0.12, 0.12))
    field = np.deg2rad(random.uniform(12, 50))
    away = 0.52 / np.tan(field / 2)
    spot = away * np.array([np.cos(azimuth) * np.cos(raised), np.sin(azimuth) * np.cos(raised), np.sin(raised)])
    c, s = np.cos(azimuth + np.pi / 2), np.sin(azimuth + np.pi / 2)
    sun = np.array([c * sun[0] - s * sun[1], s * sun[0] + c * sun[1], sun[2]])
    view = cv2.resize(views[random.integers(len(views))][..., ::-1], (512, 512))
    surface = studio.picture(np.ascontiguousarray(np.hstack([art(random, views, files), view])))
    made = studio.render(shown, looking(spot, np.zeros(3), field, near=0.02), spot, sun, np.zeros(3), 0.55, light, surface)
    surface.release()
    return framed(made)


def main() -> None:
    parser = command("products", 1500)
    parser.add_argument("--only", choices=["car", "screen", "ring"])
    options = parser.parse_args()
    cv2.setNumThreads(1)
    views = np.load(options.surfaces, mmap_mode="r")
    studio, files = Studio(fragment=FRAGMENT), pictures.fonts()
    fill(options, lambda random: product(random, studio, views, files, options.only))


if __name__ == "__main__":
    main()
