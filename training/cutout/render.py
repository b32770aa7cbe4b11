"""A small renderer for people and animals: OpenGL without a window (EGL; a software driver is enough)."""

import moderngl
import numpy as np

VERTEX = """
#version 330
uniform mat4 camera; uniform mat4 lamp;
in vec3 place; in vec3 normal; in vec3 rest;
out vec3 p; out vec3 n; out vec3 q; out vec4 s;
void main() { p = place; n = normal; q = rest; s = lamp * vec4(place, 1.0); gl_Position = camera * vec4(place, 1.0); }
"""
# `kind`: 0 skin, 1 top, 2 trousers, 3 skirt, 4 hair, 5 eye, 6 fur. `rest` is where the point is on the body at rest, in metres.
FRAGMENT = """
#version 330
uniform int kind; uniform vec3 eye; uniform vec3 sun; uniform vec3 suncolor; uniform vec3 rimdir; uniform vec3 rimcolor;
uniform vec3 sky; uniform vec3 ground; uniform vec3 c0; uniform vec3 c1; uniform vec3 c2; uniform vec4 cut; uniform vec4 look;
uniform vec4 face; uniform float gloss; uniform float seed; uniform float bump; uniform float scale; uniform sampler2D picture; uniform sampler2DShadow shade;
in vec3 p; in vec3 n; in vec3 q; in vec4 s;
out vec4 made;
float hash(vec3 a) { a = fract(a * 0.3183099 + vec3(0.1, 0.17, 0.13) + seed); a *= 17.0; return fract(a.x * a.y * a.z * (a.x + a.y + a.z)); }
float noise(vec3 a) { vec3 i = floor(a), f = fract(a); f = f * f * (3.0 - 2.0 * f);
  return mix(mix(mix(hash(i), hash(i + vec3(1,0,0)), f.x), mix(hash(i + vec3(0,1,0)), hash(i + vec3(1,1,0)), f.x), f.y),
             mix(mix(hash(i + vec3(0,0,1)), hash(i + vec3(1,0,1)), f.x), mix(hash(i + vec3(0,1,1)), hash(i + vec3(1,1,1)), f.x), f.y), f.z); }
float fbm(vec3 a) { return 0.5 * noise(a) + 0.25 * noise(a * 2.03) + 0.125 * noise(a * 4.1) + 0.0625 * noise(a * 8.2); }
float ball(vec3 at, vec3 r) { return length((vec3(abs(q.x), q.y, q.z) - at) / r); }
void main() {
  vec3 color = c0; vec3 m = normalize(n); float shine = gloss;
  vec3 view = normalize(eye - p); if (dot(m, view) < 0.0) m = -m;
  float fine = fbm(q * 60.0 * scale), coarse = fbm(q * 9.0 * scale);
  if (kind == 0) {
    color *= 0.86 + 0.28 * coarse; color = mix(color, color * vec3(1.12, 0.85, 0.8), smoothstep(0.4, 0.6, coarse) * 0.5);
    color = mix(color, color * vec3(1.15, 0.8, 0.75), (1.0 - smoothstep(0.4, 1.2, ball(vec3(0.045, -0.11, 0.615), vec3(0.025)))) * face.x);
    color = mix(color, c1, (1.0 - smoothstep(0.8, 1.05, ball(vec3(0.0, -0.13, 0.588), vec3(0.026, 0.03, 0.0085)))) * face.y);
    float brow = ball(vec3(0.032, -0.115, 0.672), vec3(0.023, 0.04, 0.0045));
    color = mix(color, c2, (1.0 - smoothstep(0.7, 1.2, brow)) * 0.85);
    float socket = 1.0 - smoothstep(0.7, 1.4, ball(vec3(0.03, -0.115, 0.65), vec3(0.02, 0.03, 0.011)));
    color *= 1.0 - 0.35 * socket;
    float jaw = (1.0 - smoothstep(0.590, 0.612, q.z + 0.25 * max(0.0, q.y + 0.09))) * smoothstep(0.525, 0.54, q.z) * (1.0 - smoothstep(-0.05, -0.02, q.y));
    color = mix(color, c2 * (0.7 + 0.6 * fine), jaw * face.z);
    float line = mix(face.w, 0.57, smoothstep(-0.09, 0.02, q.y)); // the hair line
    if (q.z > line + 0.012 * noise(q * 80.0) && q.z > 0.54 && abs(q.x) < 0.1) color = c2 * (0.6 + 0.7 * fbm(vec3(q.x * 300.0, q.y * 300.0, q.z * 40.0)));
    if (q.z < cut.x) { color = cut.yzw * (0.8 + 0.4 * fine); shine = 0.5; }
  } else if (kind <= 3) {
    float edge = 0.006 * (noise(q * 20.0) - 0.5);
    if (kind == 1 && (abs(q.x) > cut.x + edge || q.z < cut.y + edge || q.z > cut.z - max(0.0, -q.y) * cut.w + edge)) discard;
    if (kind == 2 && (q.z > cut.y + edge || q.z < cut.x + edge || abs(q.x) > 0.26)) discard;
    if (kind == 3 && (q.z < cut.x + edge || q.z > cut.y)) discard;
    float t = 0.0;
    if (look.x < 0.5) t = 0.0;
    else if (look.x < 1.5) t = step(look.z, fract(q.z * look.y));
    else if (look.x < 2.5) t = step(look.z, fract(q.x * look.y)) * 0.5 + step(look.z, fract(q.z * look.y)) * 0.5;
    else if (look.x < 3.5) t = smoothstep(0.45, 0.5, fbm(q * look.y * 0.6));
    else if (look.x < 4.5) t = step(length(fract(q.xz * look.y) - 0.5), 0.3);
    else t = step(abs(q.x), look.z * 0.2) * step(q.y, 0.0);
    if (look.x > 5.5) { t = 0.0; color = c0 * (texture(picture, q.xz * look.y * 0.15 + vec2(q.y)).rgb * 1.6 + 0.1); }
    color = mix(color, c1, t);
    color *= 0.85 + 0.3 * fine; color *= 0.9 + 0.25 * noise(q * 700.0);
    if (kind == 1 && look.w > 0.5 && abs(q.x) < 0.007 && q.y < 0.0) color *= 0.4; // a zip or a row of buttons
  } else if (kind == 4) {
    float jag = 0.05 * noise(vec3(q.xy * 90.0, 0.0));
    if (q.z < cut.x + jag || (q.y < cut.y && q.z < cut.z + 0.03 * noise(vec3(q.x * 60.0, 0.0, 1.0)))) discard;
    float a = atan(q.x, q.y + 0.02);
    float strand = fbm(vec3(a * 40.0 + q.z * 6.0 * sin(a * 3.0), q.z * 9.0, 1.0)) * 0.7 + fbm(vec3(a * 160.0, q.z * 20.0, 2.0)) * 0.6;
    color = mix(c0, c1, smoothstep(0.35, 0.75, strand)) * (0.55 + 0.8 * strand);
    m = normalize(m + 0.7 * vec3(strand - 0.6, noise(vec3(a * 70.0, q.z * 8.0, 5.0)) - 0.5, 0.0));
  } else if (kind == 5) {
    vec3 d = vec3(abs(q.x) - 0.03, q.y + 0.108, q.z - 0.649); float r = length(d.xz);
    color = d.y < 0.0 && r < 0.0065 ? (r < 0.003 ? vec3(0.01) : c0) : vec3(0.85, 0.83, 0.8); shine = 1.5;
  } else {
    float t = 0.0; float big = fbm(q * look.y);
    if (look.x < 0.5) t = 0.0; else if (look.x < 1.5) t = smoothstep(look.z, look.z + 0.05, big);
    else if (look.x < 2.5) t = smoothstep(0.4, 0.6, 0.5 + 0.5 * sin(q.x * look.y * 8.0 + 5.0 * big));
    else if (look.x < 3.5) t = smoothstep(-0.1, 0.1, cut.x - q.z + 0.12 * (big - 0.5)); // another colour below
    else t = smoothstep(0.0, 0.03, noise(q * look.y * 5.0) - 0.55);
    color = mix(c0, c1, t);
    if (look.w > 0.5) color = mix(color, texture(picture, q.xz * 2.0 + q.y).rgb, 0.35);
    float strand = fbm(q * vec3(look.w * 20.0 + 90.0, 260.0, 260.0));
    color *= 0.45 + 1.1 * strand; m = normalize(m + bump * (vec3(strand, noise(q * 210.0), noise(q * 190.0 + 7.0)) - 0.5));
    vec3 d = vec3(q.x - 0.374, abs(q.y) - 0.031, q.z - 0.714); float eyeball = length(d) / (0.013 * face.x);
    color *= mix(0.35, 1.0, smoothstep(1.0, 1.7, eyeball));
    if (eyeball < 1.0) { color = eyeball > 0.75 ? vec3(0.03) : length(d.xz * vec2(face.y, 1.0)) < 0.006 * face.x ? vec3(0.005) : c2; shine = 2.0; m = normalize(n); }
    float snout = length(vec3(q.x - 0.458, q.y, q.z - 0.677) / vec3(0.02, 0.02, 0.014));
    if (snout < 1.0) { color = mix(vec3(0.02), vec3(0.45, 0.2, 0.18), face.z); shine = 0.8; }
  }
  if (kind < 4 && bump > 0.0) {
    vec3 f = q * (kind == 0 ? 260.0 : 17.0) * vec3(1.0, 1.0, 0.6); float e = 0.35;
    vec3 g = vec3(fbm(f + vec3(e,0,0)), fbm(f + vec3(0,e,0)), fbm(f + vec3(0,0,e))) - fbm(f);
    m = normalize(m - bump * (kind == 0 ? 0.6 : 1.1) * g);
  }
  vec3 at = s.xyz / s.w * 0.5 + 0.5; float lit = 0.0;
  for (int i = -1; i <= 1; i++) for (int j = -1; j <= 1; j++) lit += texture(shade, vec3(at.xy + vec2(i, j) * 0.004, at.z - 0.006));
  lit /= 9.0;
  float wrap = kind == 0 ? 0.25 : kind == 6 ? 0.3 : 0.1;
  float lambert = max(0.0, (dot(m, sun) + wrap) / (1.0 + wrap));
  vec3 half_way = normalize(sun + view);
  vec3 light = mix(ground, sky, 0.5 + 0.5 * m.z) * (0.75 + 0.25 * abs(m.z)) + suncolor * lambert * lit;
  light += rimcolor * max(0.0, dot(m, rimdir));
  vec3 c = color * light + suncolor * lit * shine * pow(max(0.0, dot(m, half_way)), 28.0) * 0.35;
  c += sky * pow(1.0 - max(0.0, dot(m, view)), 4.0) * 0.18 * (0.3 + shine);
  made = vec4(pow(clamp(c, 0.0, 1.0), vec3(1.0 / 2.2)), 1.0);
}
"""
PLAIN = """
#version 330
void main() {}
"""


def looking(eye, at, field, aspect=1.0, near=0.05, far=30.0):
    """Projection times view, z up."""
    forward = (at - eye) / np.linalg.norm(at - eye)
    side = np.cross(forward, [0, 0, 1.0])
    side /= np.linalg.norm(side)
    up = np.cross(side, forward)
    view = np.eye(4)
    view[0, :3], view[1, :3], view[2, :3] = side, up, -forward
    view[:3, 3] = -view[:3, :3] @ eye
    f = 1 / np.tan(field / 2)
    projection = np.array([[f / aspect, 0, 0, 0], [0, f, 0, 0], [0, 0, (far + near) / (near - far), 2 * far * near / (near - far)], [0, 0, -1, 0]])
    return projection @ view


def flat(direction, at, size):
    """The light's view: parallel rays."""
    up = np.array([0, 1.0, 0]) if abs(direction[2]) > 0.9 else np.array([0, 0, 1.0])
    side = np.cross(-direction, up)
    side /= np.linalg.norm(side)
    up = np.cross(side, -direction)
    view = np.eye(4)
    view[0, :3], view[1, :3], view[2, :3] = side, up, direction
    view[:3, 3] = -view[:3, :3] @ (at + direction * size * 2)
    return np.diag([1 / size, 1 / size, -1 / (size * 2), 1]) @ np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, size * 2], [0, 0, 0, 1]]) @ view


class Studio:
    def __init__(self, side=512, fragment=FRAGMENT):
        self.side = side
        self.gl = moderngl.create_context(standalone=True, backend="egl")
        self.gl.enable(moderngl.DEPTH_TEST)
        self.program = self.gl.program(vertex_shader=VERTEX, fragment_shader=fragment)
        self.plain = self.gl.program(vertex_shader="#version 330\nuniform mat4 lamp; in vec3 place; void main() { gl_Position = lamp * vec4(place, 1.0); }", fragment_shader=PLAIN)
        self.frame = self.gl.framebuffer([self.gl.texture((side, side), 4)], self.gl.depth_renderbuffer((side, side)))
        self.shade = self.gl.depth_texture((512, 512))
        self.shade.compare_func = "<="
        self.shade.repeat_x = self.shade.repeat_y = False
        self.shadows = self.gl.framebuffer(depth_attachment=self.shade)

    def picture(self, image):
        texture = self.gl.texture(image.shape[1::-1], 3, np.ascontiguousarray(image).tobytes())
        texture.build_mipmaps()
        return texture

    def render(self, meshes, camera, eye, sun, at, size, common, surface):
        """`meshes`: of (places, normals, rests, triangles, uniforms). Gives BGRA, straight alpha."""
        lamp = flat(sun, at, size)
        buffers = []
        for places, normals, rests, triangles, uniforms in meshes:
            data = np.hstack([places, normals, rests]).astype("f4")
            buffers.append((self.gl.buffer(data.tobytes()), self.gl.buffer(triangles.astype("i4").tobytes()), uniforms))
        self.shadows.use()
        self.shadows.clear()
        self.plain["lamp"].write(lamp.T.astype("f4").tobytes())
        for vertices, indices, uniforms in buffers:
            if uniforms.get("casts", True):
                array = self.gl.vertex_array(self.plain, [(vertices, "3f 24x", "place")], indices)
                array.render()
                array.release()
        self.frame.use()
        self.frame.clear(0, 0, 0, 0)
        self.shade.use(1)
        surface.use(0)
        for vertices, indices, uniforms in buffers:
            values = {"camera": camera, "lamp": lamp, "eye": eye, "sun": sun, "picture": 0, "shade": 1, "gloss": 0.2, "bump": 0.0, "scale": 1.0, "seed": 0.0,
                      "c0": (1, 1, 1), "c1": (1, 1, 1), "c2": (0, 0, 0), "cut": (0, 0, 0, 0), "look": (0, 0, 0, 0), "face": (0, 0, 0, 0), **common, **uniforms}
            for name, value in values.items():
                if name in self.program:
                    if isinstance(value, np.ndarray) and value.shape == (4, 4):
                        self.program[name].write(value.T.astype("f4").tobytes())
                    else:
                        self.program[name].value = tuple(float(v) for v in value) if hasattr(value, "__len__") else value
            array = self.gl.vertex_array(self.program, [(vertices, "3f 3f 3f", "place", "normal", "rest")], indices)
            array.render()
            array.release()
        for vertices, indices, _ in buffers:
            vertices.release()
            indices.release()
        made = np.frombuffer(self.frame.read(components=4), np.uint8).reshape(self.side, self.side, 4)[::-1]
        return np.ascontiguousarray(made[..., [2, 1, 0, 3]])


def normals(places, triangles):
    """Smooth normals by the areas of the faces around each point."""
    a, b, c = (places[triangles[:, k]] for k in range(3))
    face = np.cross(b - a, c - a)
    made = np.zeros_like(places)
    for k in range(3):
        np.add.at(made, triangles[:, k], face)
    return made / (np.linalg.norm(made, axis=1, keepdims=True) + 1e-12)
