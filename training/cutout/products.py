"""Renders things that are sold: bottles, boxes, devices, furniture, shoes, bags, toys, tools, food, all shaped from a seed.
python products.py --surfaces pools/views.npy --count 1500 --out pools"""

import sys
from pathlib import Path

import cv2
import numpy as np
from goods import balls, bars, bottle, box, food, furniture, outlined
from people import color, lighting
from pools import framed
from render import Studio, looking
from rendered import command, fill
from shapes import about, inflated, lathe, material, moved, rounded, surface_of, tube

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
