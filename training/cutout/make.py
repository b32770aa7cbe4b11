"""Draws subjects and backgrounds into two arrays: python make.py --photographs FOLDER --count 3000 --out parts"""

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import pictures  # noqa: E402
import scenes  # noqa: E402

PHOTOS = None


def begin(folder):
    global PHOTOS
    # chelsea and rocket are what the result is looked at with; camera shows a person.
    PHOTOS = pictures.photographs(folder, [name for name in pictures.PHOTOGRAPHS if name not in ("chelsea.png", "rocket.jpg", "camera.png")])


def subject(seed):
    return scenes.subject(seed, PHOTOS)


def background(seed):
    return scenes.background(seed, PHOTOS)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--photographs", type=Path, required=True)
    parser.add_argument("--count", type=int, default=3000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    seeds = range(options.first, options.first + options.count)
    with ProcessPoolExecutor(options.workers, initializer=begin, initargs=(options.photographs,)) as workers:
        np.save(options.out / "subjects.npy", np.stack(list(workers.map(subject, seeds, chunksize=16))))
        np.save(options.out / "backgrounds.npy", np.stack(list(workers.map(background, seeds, chunksize=16))))


if __name__ == "__main__":
    main()
