"""What the network makes of photographs: python photographs.py cutout.pt SAMPLES_FOLDER sheet.png [sides]

The masks that it is measured against were drawn by eye (about 3 % of their outline is a matter of opinion)."""

import sys
from pathlib import Path

import cv2
import net as network
import numpy as np
import torch

SIDES = (320, 192)
OUTLINES = {
    "astronaut.png": [[(225, 15), (200, 22), (175, 42), (158, 65), (155, 95), (165, 115), (182, 125), (185, 150), (170, 150), (140, 158), (122, 175), (115, 195), (118, 212), (85, 232), (60, 265), (45, 300), (40, 330), (30, 345), (25, 400), (20, 450), (22, 480), (30, 512), (512, 512), (505, 460), (497, 430), (490, 400), (470, 375), (440, 355), (405, 344), (380, 348), (362, 352), (360, 320), (350, 285), (335, 255), (305, 230), (303, 205), (290, 180), (270, 160), (262, 150), (262, 140), (275, 130), (290, 110), (300, 85), (297, 55), (280, 30), (255, 17)]],
    "chelsea.png": [[(36, 0), (32, 45), (25, 80), (12, 110), (0, 150), (0, 300), (300, 300), (317, 240), (338, 198), (354, 165), (367, 132), (363, 99), (354, 66), (363, 54), (383, 33), (398, 0)]],
    "coffee.png": [cv2.ellipse2Poly((277, 219), (200, 160), 0, 0, 360, 3), cv2.ellipse2Poly((290, 112), (118, 95), 0, 0, 360, 3), [(400, 150), (408, 70), (425, 70), (415, 120)]],
    "rocket.jpg": [[(313, 150), (322, 128), (331, 150), (331, 395), (313, 395)]],
}


def outline(name, shape):
    mask = np.zeros(shape, np.uint8)
    for part in OUTLINES[name]:
        cv2.fillPoly(mask, [np.int32(part)], 255)
    return mask


def sides(text):
    """256+192: the side of the first pass and that of the second, which sees the mirrored picture; 256: both the same."""
    first, _, second = text.partition("+")
    return int(first), int(second or first)


def found(net, picture, side=SIDES):
    """The mask of a BGR picture by two passes, and each pass alone. As floats, at the side of the first."""

    def once(side, mirrored):
        small = cv2.resize(picture[:, ::-1] if mirrored else picture, (side, side), interpolation=cv2.INTER_AREA)
        x = torch.from_numpy(np.ascontiguousarray(small[..., ::-1])).permute(2, 0, 1)[None].float() / 255
        with torch.no_grad():
            mask = torch.sigmoid(net(x))[0, 0].numpy()
        return mask[:, ::-1] if mirrored else mask

    one, two = once(side[0], False), once(side[1], True)
    two = cv2.resize(np.ascontiguousarray(two), one.shape, interpolation=cv2.INTER_LINEAR)
    return (one + two) / 2, one, two


def main() -> None:
    net = network.Net()
    net.load_state_dict(torch.load(sys.argv[1], weights_only=True))
    net.eval()
    rows = []
    for name in OUTLINES:
        picture = cv2.imread(str(Path(sys.argv[2]) / name))
        truth = outline(name, picture.shape[:2]) > 127
        mask, one, two = found(net, picture, sides(sys.argv[4]) if len(sys.argv) > 4 else SIDES)
        mask = cv2.resize(mask, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        iou = lambda a, b: (a & b).sum() / max(1, (a | b).sum())  # noqa: E731
        print(f"{name} IoU {iou(mask > 0.5, truth):.3f} certainty {np.abs(mask * 2 - 1).mean():.3f} agreement {iou(one > 0.5, two > 0.5):.3f}")
        cut = picture * mask[..., None] + np.array([180, 220, 180]) * (1 - mask[..., None])
        drawn = picture.copy()
        drawn[~truth] //= 4
        rows.append(np.hstack([cv2.resize(part.astype(np.uint8), (300, 240)) for part in (picture, drawn, np.repeat(mask[..., None] * 255, 3, 2), cut)]))
    cv2.imwrite(sys.argv[3], np.vstack(rows))


if __name__ == "__main__":
    main()
