"""Measures a network on held-out scenes and fits a confidence that is read off the mask: python calibrate.py cutout.pt POOLS [count [sides [PAIRS ...]]]

Two passes, one of a mirrored (and smaller) picture. Features: `certainty`, the mean of |2a-1| over where a mask is at all (a > 0.05 in
their mean); `agreement`, the soft IoU of the passes. confidence = 1 / (1 + exp(-(a certainty + b agreement + c))).
PAIRS are folders of NAME.jpg|png and NAME_mask.png, on which the fitted confidence is tried too."""

import json
import sys
from pathlib import Path

import cv2
import net as network
import numpy as np
import torch
import torch.nn.functional as F
import wild
from photographs import SIDES, found, sides
from side import SIDE

KINDS = ("drawn", "emoji", "clipart", "people", "animals", "products", "wild")


def features(one, two):
    """Numbers of a mask by two passes, each side x side, 0-1."""
    mean = (one + two) / 2
    somewhere = mean > 0.05
    certainty = float(np.abs(2 * mean - 1)[somewhere].mean()) if somewhere.any() else 0.0
    both, either = np.minimum(one, two).sum(), np.maximum(one, two).sum()
    agreement = float(both / max(1e-6, either))
    return np.array([certainty, agreement])


def told(name, said, was):
    print(f"{name}: correlation {np.corrcoef(said, was)[0, 1]:.3f}, mean absolute error {np.abs(said - was).mean():.3f}")
    for part in np.array_split(np.argsort(said), 5):
        print(f"  said {said[part].mean():.3f} was {was[part].mean():.3f} (worst tenth {np.quantile(was[part], 0.1):.3f})")
    for gate in (0.6, 0.7, 0.8, 0.85, 0.9, 0.95):
        chosen = said >= gate
        if chosen.any():
            print(f"  confidence >= {gate}: {chosen.mean():.2f} of them, IoU {was[chosen].mean():.3f}, below 0.5: {(was[chosen] < 0.5).mean():.3f}")


def main() -> None:
    torch.set_num_threads(1)
    net = network.Net()
    net.load_state_dict(torch.load(sys.argv[1], weights_only=True))
    net.eval()
    folder, count = Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 100
    side = sides(sys.argv[4]) if len(sys.argv) > 4 else SIDES
    rows, ious, kinds = [], [], []
    for kind in KINDS:
        make, random = wild.maker(folder, held=True, only=kind), np.random.default_rng(77)
        made = [make(random) for _ in range(count)]
        masks = [[cv2.resize(mask, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR) for mask in found(net, picture, side)[1:]] for picture, _ in made]
        own, single, error = [], [], []
        for (a, b), (_, truth) in zip(masks, made):
            truth = truth / 255
            mean = (a + b) / 2
            iou = lambda m: ((m > 0.5) & (truth > 0.5)).sum() / max(1, ((m > 0.5) | (truth > 0.5)).sum())  # noqa: E731, B023
            own.append(iou(mean))
            single.append(iou(a))
            error.append(np.abs(mean - truth).mean())
            rows.append(features(a, b))
        ious += own
        kinds += [kind] * count
        print(f"{kind}: IoU {np.mean(single):.3f}, with two passes {np.mean(own):.3f}, median {np.median(own):.3f}, below 0.5: {np.mean(np.array(own) < 0.5):.2f}, MAE {np.mean(error):.3f}", flush=True)
    rows, ious = np.array(rows), np.array(ious)
    print(f"all: IoU {ious.mean():.3f}")
    for name, column in zip(("certainty", "agreement"), rows.T):
        print(f"correlation of {name} with IoU: {np.corrcoef(column, ious)[0, 1]:.3f}")
    # Confidence: a logistic curve on the features, fitted to IoU on one half, judged on the other.
    half = np.arange(len(ious)) % 2 == 0
    x = torch.from_numpy(np.hstack([rows, np.ones((len(rows), 1))])).double()
    y = torch.from_numpy(ious).double()
    weights = torch.zeros(3, dtype=torch.double, requires_grad=True)
    optimizer = torch.optim.LBFGS([weights], max_iter=200)

    def closure():
        optimizer.zero_grad()
        loss = F.binary_cross_entropy_with_logits(x[half] @ weights, y[half]) + 1e-3 * (weights[:2] ** 2).sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    said = torch.sigmoid(x @ weights).detach().numpy()
    other = ~half
    print("weights (certainty, agreement, constant):", json.dumps([round(float(w), 3) for w in weights.detach()]))
    told("the other half", said[other], ious[other])
    for pairs in sys.argv[5:]:
        rows, ious = [], []
        for file in sorted(Path(pairs).iterdir()):
            if not (mask_file := file.with_name(f"{file.stem}_mask.png")).is_file():
                continue
            picture, truth = cv2.imread(str(file)), cv2.imread(str(mask_file), cv2.IMREAD_GRAYSCALE) > 127
            mean, one, two = found(net, picture, side)
            mean = cv2.resize(mean, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR) > 0.5
            ious.append((mean & truth).sum() / max(1, (mean | truth).sum()))
            rows.append([*features(one, two), 1])
        told(pairs, torch.sigmoid(torch.tensor(np.array(rows)) @ weights).detach().numpy(), np.array(ious))


if __name__ == "__main__":
    main()
