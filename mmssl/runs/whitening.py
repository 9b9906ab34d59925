"""whitening.npz: the whitening of a run's embedding, and what is known of it."""

import json
import zipfile
from dataclasses import asdict, dataclass

import numpy as np

from mmssl.encoders.parts.whitening import Whitening
from mmssl.files import atomic_write
from mmssl.reading import load_arrays

ARRAYS = ("mean", "kernel")
_REMEDY = (
    "delete it, and the same `mmssl pretrain` command computes it again; without it vectors are "
    "not whitened"
)


@dataclass(frozen=True)
class About:
    """What is known of a whitening.

    Attributes:
        layer: block whose embedding it is of; None for the whole encoder.
        used: whether the vectors of the run are whitened.
        why: what decided that, in words.
        items: number of training items that it was computed from.
        shrinkage: share of the identity in the covariance, in [0, 1].
    """

    layer: str | None
    used: bool
    why: str
    items: int
    shrinkage: float


def write_whitening(path, whitening, about):
    """Writes the whitening of a run atomically.

    Args:
        path: pathlib.Path, whitening.npz of the run folder.
        whitening: Whitening; None where there is none to be had.
        about: About.
    """
    arrays = {} if whitening is None else vars(whitening)
    with atomic_write(path) as beside:
        np.savez(beside, about=json.dumps(asdict(about)), **arrays)


def read_whitening(path):
    """Reads the whitening of a run.

    Args:
        path: see `write_whitening`.

    Returns:
        pair of a Whitening, or None, and About.

    Raises:
        ValueError: the file is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
        if damaged:
            raise ValueError(f"bad checksum of {damaged}")
        arrays = load_arrays(path)
        about = About(**json.loads(str(arrays.pop("about"))))
        arrays = {name: arrays[name] for name in ARRAYS if name in arrays}
        return Whitening(**arrays) if arrays else None, about
    except Exception as error:  # what a damaged archive raises is without number
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(f"{path} is damaged ({reason}): {_REMEDY}.") from None
