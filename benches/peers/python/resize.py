"""Pillow beside the engines: `resize.py SOURCE OURS` enlarges SOURCE to 2,048² by Lanczos3 on one thread and prints the seconds
of the best of forty, and the PSNR in dB between its result and OURS."""

import sys
import time

import numpy as np
from PIL import Image

source = Image.open(sys.argv[1]).convert("RGB")
best = float("inf")
for _ in range(40):
    begin = time.perf_counter()
    made = source.resize((2048, 2048), Image.Resampling.LANCZOS)
    best = min(best, time.perf_counter() - begin)
ours = np.asarray(Image.open(sys.argv[2]).convert("RGB"), np.float64)
error = np.mean((np.asarray(made, np.float64) - ours) ** 2)
print(best, 10 * np.log10(255**2 / max(error, 1e-9)))
