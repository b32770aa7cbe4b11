"""Writes the trained network as safetensors with 16-bit floats, batch normalisation folded into the convolutions, and beside it
one input with its output for a test of other implementations: python export.py cutout.pt cutout.safetensors [parity.npz [photo [side]]]"""

import sys

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file


def folded(state):
    made = {}
    for name in [name[: -len(".weight")] for name in state if name.endswith(("first.weight", "second.weight"))]:
        weight = state[f"{name}.weight"].double()
        norm = {key: state[f"{name}_norm.{key}"].double() for key in ("weight", "bias", "running_mean", "running_var")}
        scale = norm["weight"] / torch.sqrt(norm["running_var"] + 1e-5)
        made[f"{name}.weight"] = weight * scale[:, None, None, None]
        made[f"{name}.bias"] = norm["bias"] - norm["running_mean"] * scale
    for key in ("tail.weight", "tail.bias"):
        made[key] = state[key]
    return {name: tensor.half().contiguous() for name, tensor in made.items()}


def forward(weights, x):
    """The whole forward pass with the written weights, as another implementation would do it."""
    weights = {name: tensor.float() for name, tensor in weights.items()}

    def convolved(name, x):
        return F.conv2d(x, weights[f"{name}.weight"], weights[f"{name}.bias"], padding=1)

    def pair(name, x, add=False):
        y = convolved(f"{name}.second", F.relu(convolved(f"{name}.first", x)))
        return F.relu(x + y if add else y)

    x = F.pixel_unshuffle(x * 2 - 1, 4)
    kept = []
    for level in range(5):
        x = pair(f"down.{level}", x if level == 0 else F.max_pool2d(x, 2))
        if level >= 2:
            x = pair(f"more.{level - 2}", x, add=True)
        kept.append(x)
    x = kept.pop()
    for level in range(4):
        x = pair(f"up.{level}", torch.cat([F.interpolate(x, scale_factor=2, mode="nearest"), kept.pop()], 1))
    return F.pixel_shuffle(convolved("tail", x), 4)


def main() -> None:
    save_file(folded(torch.load(sys.argv[1], weights_only=True)), sys.argv[2])
    if len(sys.argv) > 3:
        if len(sys.argv) > 4:
            import cv2

            side = int(sys.argv[5]) if len(sys.argv) > 5 else 256
            picture = cv2.resize(cv2.imread(sys.argv[4]), (side, side), interpolation=cv2.INTER_AREA)[..., ::-1]
            x = torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)[None].float() / 255
        else:
            x = torch.rand(1, 3, 256, 256, generator=torch.Generator().manual_seed(1))
        with torch.no_grad():
            logits = forward(load_file(sys.argv[2]), x)
        np.savez_compressed(sys.argv[3], input=x.numpy(), logits=logits.numpy(), alpha=torch.sigmoid(logits).numpy())


if __name__ == "__main__":
    main()
