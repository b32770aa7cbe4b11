"""Writes the made pictures that the networks are trained on: python make.py --count 300 --out made"""

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import pictures  # noqa: E402

SIDE = 256


def one(task: tuple[int, Path, Path]) -> None:
    seed, folder, out = task
    random = np.random.default_rng(seed)
    photos = pictures.photographs(folder, pictures.PHOTOGRAPHS)
    if seed % 8 == 0:
        made = pictures.lettering(random, SIDE, photos, pictures.fonts())
    else:
        made = pictures.leaves(random, SIDE, photos)
    Image.fromarray(made).save(out / f"{seed:05}.png")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--photographs", type=Path, required=True)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor() as workers:
        list(workers.map(one, [(seed, options.photographs, options.out) for seed in range(options.count)], chunksize=8))


if __name__ == "__main__":
    main()
