"""Writes a mask by OpenCV's GrabCut as PNG to standard output, for comparison: python grabcut.py photo.jpg > mask.png"""

import sys

import cv2
import numpy as np

picture = cv2.imread(sys.argv[1], cv2.IMREAD_COLOR)
height, width = picture.shape[:2]
scale = min(1.0, 600 / max(height, width))
small = cv2.resize(picture, (max(8, round(width * scale)), max(8, round(height * scale))), interpolation=cv2.INTER_AREA)
h, w = small.shape[:2]
border = max(1, round(0.03 * min(h, w)))
mask = np.full((h, w), cv2.GC_PR_FGD, np.uint8)
mask[:border], mask[-border:], mask[:, :border], mask[:, -border:] = (cv2.GC_BGD,) * 4
cv2.grabCut(small, mask, None, np.zeros((1, 65)), np.zeros((1, 65)), 5, cv2.GC_INIT_WITH_MASK)
found = np.where((mask == cv2.GC_FGD) | (mask == cv2.GC_PR_FGD), 255, 0).astype(np.uint8)
found = cv2.resize(found, (width, height), interpolation=cv2.INTER_LINEAR)
sys.stdout.buffer.write(cv2.imencode(".png", found)[1].tobytes())
