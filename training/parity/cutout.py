"""Writes what PyTorch makes of a tiny network of the cut-out's kind, with its weights, for the parity test of
`crates/engines/src/cutout_net.rs`: python cutout.py crates/engines/tests/data/cutout.safetensors"""

import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

sys.path.insert(0, str(Path(__file__).parent.parent / "cutout"))
import export
import net as network

WIDTHS = (4, 5, 6, 7, 9)
SIDE = 64


def main() -> None:
    torch.manual_seed(3)
    tiny = network.Net(WIDTHS)
    for name, values in tiny.state_dict().items():
        if name.endswith("running_var"):
            values.uniform_(0.5, 2)
        elif name.endswith("_norm.weight"):
            values.uniform_(0.5, 1.5)
        elif values.dtype == torch.float32:
            values.copy_(torch.randn(values.shape) * (0.3 if values.dim() < 4 else (2.5 / (9 * values.shape[1])) ** 0.5))
    weights = export.folded(tiny.state_dict())
    picture = torch.rand(1, 3, SIDE, SIDE).half()
    with torch.no_grad():
        alpha = torch.sigmoid(export.forward(weights, picture.float()))
        # What is exported is the network that is trained.
        assert (alpha - torch.sigmoid(tiny.eval()(picture.float()))).abs().max() < 2e-2
    assert alpha.std() > 0.05
    save_file({**weights, "input": picture[0].contiguous(), "alpha": alpha[0, 0].contiguous()}, sys.argv[1])


if __name__ == "__main__":
    main()
