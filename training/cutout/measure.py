"""What the network makes of pairs NAME.jpg|png and NAME_mask.png, by two passes: python measure.py cutout.pt FOLDER [sides [sheet.png]]"""

import sys
from pathlib import Path

import cv2
import net as network
import numpy as np
import torch
from photographs import SIDES, found, sides


def main() -> None:
    torch.set_num_threads(1)
    net = network.Net()
    net.load_state_dict(torch.load(sys.argv[1], weights_only=True))
    net.eval()
    side = sides(sys.argv[3]) if len(sys.argv) > 3 else SIDES
    ious, errors, cells = [], [], []
    for file in sorted(Path(sys.argv[2]).iterdir()):
        mask_file = file.with_name(f"{file.stem}_mask.png")
        if not mask_file.is_file():
            continue
        picture, truth = cv2.imread(str(file)), cv2.imread(str(mask_file), cv2.IMREAD_GRAYSCALE)
        mask = cv2.resize(found(net, picture, side)[0], picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        a, b = mask > 0.5, truth > 127
        ious.append((a & b).sum() / max(1, (a | b).sum()))
        errors.append(np.abs(mask - truth / 255).mean())
        if len(sys.argv) > 4:
            cut = picture * mask[..., None] + np.array([90, 200, 90]) * (1 - mask[..., None])
            cell = np.hstack([cv2.resize(part.astype(np.uint8), (130, 130), interpolation=cv2.INTER_AREA) for part in (picture, np.repeat(mask[..., None] * 255, 3, 2), cut)])
            cv2.putText(cell, f"{file.stem[:14]} {ious[-1]:.2f}", (2, 126), 0, 0.4, (0, 0, 255))
            cells.append(cell)
    ious = np.array(ious)
    print(f"{len(ious)} pictures at {side[0]} and, mirrored, {side[1]}: IoU {ious.mean():.3f}, median {np.median(ious):.3f}, worst fifth {np.sort(ious)[: max(1, len(ious) // 5)].mean():.3f}, below 0.5: {(ious < 0.5).sum()}; MAE {np.mean(errors):.3f}")
    if cells:
        cells += [cells[0] * 0] * (-len(cells) % 4)
        cv2.imwrite(sys.argv[4], np.vstack([np.hstack(cells[k : k + 4]) for k in range(0, len(cells), 4)]))


if __name__ == "__main__":
    main()
