"""The command line and the loop of what renders a pool: one thing a number, its random numbers from that number alone. What there is so far is
written now and then."""

import argparse
from pathlib import Path

import numpy as np


def command(name: str, count: int) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    parser.add_argument("--surfaces", type=Path, required=True)
    parser.add_argument("--count", type=int, default=count)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--name", default=name)
    return parser


def fill(options, make) -> None:
    """`make` gives one thing from its random numbers, or nothing where it came out badly."""
    made = []
    for number in range(options.first, options.first + options.count):
        found = make(np.random.default_rng(number))
        if found is not None:
            made.append(found)
        if (number + 1) % 400 == 0 or number == options.first + options.count - 1:
            np.save(options.out / f"{options.name}.new.npy", np.stack(made))
            (options.out / f"{options.name}.new.npy").replace(options.out / f"{options.name}.npy")
            print(len(made), flush=True)


def on_surfaces(options, studio, make) -> None:
    """The same for things that wear a surface out of `--surfaces`."""
    views = np.load(options.surfaces, mmap_mode="r")

    def dressed(random):
        surface = studio.picture(views[random.integers(len(views))][..., ::-1])
        found = make(random, surface)
        surface.release()
        return found

    fill(options, dressed)
