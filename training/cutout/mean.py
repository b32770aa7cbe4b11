"""The mean of the weights of checkpoints of one training, which do better together: python mean.py a.pt b.pt [...] out.pt"""

import sys

import torch

states = [torch.load(file, weights_only=True) for file in sys.argv[1:-1]]
made = {name: sum(state[name] for state in states) / len(states) if tensor.is_floating_point() else tensor for name, tensor in states[0].items()}
torch.save(made, sys.argv[-1])
