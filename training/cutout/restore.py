"""Makes written weights trainable again: python restore.py cutout.safetensors POOLS cutout.pt

`export.py` folds the batch normalisation into the convolutions. Here each convolution gets one back that changes nothing: what the
folded convolution gives is measured on scenes of the pools, layer by layer, and its mean and variance become those of the
normalisation, whose scale and shift undo them. The coarse masks, which training alone uses, begin anew."""

import sys
from pathlib import Path

import net as network
import numpy as np
import torch
import torch.nn.functional as F
import wild
from safetensors.torch import load_file


def examples(folder, count=192, seed=3):
    make, random = wild.maker(folder), np.random.default_rng(seed)
    pictures = np.stack([make(random)[0][..., ::-1] for _ in range(count)])
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255


@torch.no_grad()
def restored(weights, pictures):
    """A network that gives what the written weights give; its normalisations know the means and variances of `pictures`."""
    net = network.Net()
    net.eval()
    net.tail.weight.copy_(weights["tail.weight"].float())
    net.tail.bias.copy_(weights["tail.bias"].float())
    pairs = {name: module for name, module in net.named_modules() if isinstance(module, network.Pair)}

    def give_back(name, x):
        """One convolution of the pair called `name`, with its normalisation; its result, normalised, for the next."""
        pair, part = pairs[name.rpartition(".")[0]], name.rpartition(".")[2]
        convolution, norm = getattr(pair, part), getattr(pair, f"{part}_norm")
        convolution.weight.copy_(weights[f"{name}.weight"].float())
        y = F.conv2d(x, convolution.weight, padding=1)
        mean, variance = y.mean((0, 2, 3)), y.var((0, 2, 3))
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
        norm.weight.copy_(torch.sqrt(variance + norm.eps))
        norm.bias.copy_(weights[f"{name}.bias"].float() + mean)
        return norm(y)

    def through(name, x):
        y = give_back(f"{name}.second", F.relu(give_back(f"{name}.first", x)))
        return F.relu(x + y if pairs[name].add else y)

    x = F.pixel_unshuffle(pictures * 2 - 1, network.TOGETHER)
    kept = []
    for level in range(len(net.down)):
        x = through(f"down.{level}", x if level == 0 else F.max_pool2d(x, 2))
        if level >= network.RESIDUAL:
            x = through(f"more.{level - network.RESIDUAL}", x)
        kept.append(x)
    x = kept.pop()
    for level in range(len(net.up)):
        x = through(f"up.{level}", torch.cat([F.interpolate(x, scale_factor=2, mode="nearest"), kept.pop()], 1))
    return net


def main() -> None:
    torch.set_num_threads(2)
    from export import forward

    weights = load_file(sys.argv[1])
    pictures = examples(Path(sys.argv[2]))
    net = restored(weights, pictures)
    with torch.no_grad():
        apart = max(float((torch.sigmoid(net(part)) - torch.sigmoid(forward(weights, part))).abs().max()) for part in pictures.split(16))
    print(f"masks differ by {apart:.6f} at most")
    torch.save(net.state_dict(), sys.argv[3])


if __name__ == "__main__":
    main()
