"""Picture files in, PNG files out."""

from pathlib import Path

import numpy as np
from PIL import Image

from mmssl.files import atomic_write


def open_images(run, files):
    """Opens picture files that a user names, without those that cannot be decoded.

    Args:
        run: Run of a recipe of pictures.
        files: list of files, folders or globs.

    Returns:
        Source.

    Raises:
        ValueError: there is nothing to read, or more cannot be decoded than the recipe's
            `skip_ratio` leaves out.
    """
    return run.data.open(tuple(files) if len(files) > 1 else files[0])


def save_png(path, picture):
    """Writes a picture beside its place and moves it in.

    Args:
        path: pathlib.Path; its folders are made.
        picture: float array (H, W, 3) in [0, 1].

    Returns:
        The path.
    """
    pixels = np.rint(np.asarray(picture) * 255).astype("uint8")
    with atomic_write(path) as beside:
        Image.fromarray(pixels).save(beside, format="png")
    return path


def png_path(out, name, ending=".png"):
    """Says where the PNG of an item goes: `a/b.jpg` becomes `a/b.png` below `out`."""
    return (Path(out) / name).with_suffix(ending)
