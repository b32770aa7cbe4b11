"""Writes the trained network as safetensors with 16-bit floats, batch normalisation folded into the convolutions:
python export.py cutout.pt crates/engines/weights/cutout.safetensors"""

import sys

import torch
from safetensors.torch import save_file

state = torch.load(sys.argv[1], weights_only=True)
made = {}
for name in [name[: -len(".weight")] for name in state if name.endswith(("first.weight", "second.weight"))]:
    weight = state[f"{name}.weight"].double()
    norm = {key: state[f"{name}_norm.{key}"].double() for key in ("weight", "bias", "running_mean", "running_var")}
    scale = norm["weight"] / torch.sqrt(norm["running_var"] + 1e-5)
    made[f"{name}.weight"] = weight * scale[:, None, None, None]
    made[f"{name}.bias"] = norm["bias"] - norm["running_mean"] * scale
for key in ("tail.weight", "tail.bias"):
    made[key] = state[key]
save_file({name: tensor.half().contiguous() for name, tensor in made.items()}, sys.argv[2])
