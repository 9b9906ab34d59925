"""Permutations of nine tiles that are far from each other, and their file in a run folder."""

import itertools
from pathlib import Path

import numpy as np

from mmssl.files import write_text

PERMUTATIONS_FILE = "permutations.txt"
TILES = 9
ALL = 362_880  # that there are
_SEED = 0  # of the first permutation


def distant_permutations(count):
    """Chooses permutations one by one, each as far from those before it as there is one.

    The distance of two is that of Hamming: the number of slots where they have another tile. Chosen
    is the one whose least distance is greatest; of several, the one with the greatest mean
    distance, and then the first in order.

    Args:
        count: number of permutations, 1 to 9!.

    Returns:
        int32 array (count, 9): which tile is in each slot.
    """
    every = np.array(list(itertools.permutations(range(TILES))), np.int8)
    chosen = [int(np.random.default_rng(_SEED).integers(ALL))]
    least, total = np.full(ALL, TILES), np.zeros(ALL, int)
    while len(chosen) < count:
        distance = (every != every[chosen[-1]]).sum(axis=1)
        least, total = np.minimum(least, distance), total + distance
        chosen.append(int(np.argmax(least * (count * TILES) + total)))
    return every[chosen].astype("int32")


def write_permutations(folder, table):
    """Writes permutations.txt, a line a permutation, atomically."""
    write_text(
        Path(folder, PERMUTATIONS_FILE), "".join(f"{' '.join(map(str, r))}\n" for r in table)
    )


def read_permutations(folder):
    """Reads permutations.txt of a run folder.

    Returns:
        int32 array (count, 9), or None where there is no such file.

    Raises:
        ValueError: it holds something else.
    """
    path = Path(folder, PERMUTATIONS_FILE)
    if not path.exists():
        return None
    rows = [line.split() for line in path.read_text(encoding="utf-8").splitlines()]
    if not rows or any(sorted(row) != [str(tile) for tile in range(TILES)] for row in rows):
        raise ValueError(
            f"{path} is damaged, for not every line of it has each of 0 to {TILES - 1} once: "
            "restore it from a copy."
        )
    return np.array(rows, "int32")
