"""Writes a trained network as safetensors with 32-bit floats: python export.py x4_clean.pt upscale-x4-clean.safetensors"""

import sys

import torch
from safetensors.torch import save_file

state = torch.load(sys.argv[1], weights_only=True)
save_file({name: tensor.float().contiguous() for name, tensor in state.items()}, sys.argv[2])
