"""Reading image files and writing PNG files."""

import mimetypes
from pathlib import Path

import numpy as np
from PIL import Image

from mmssl.files import atomic_write


def open_images(run, files):
    """Opens the image files that a user names, without those that cannot be decoded.

    Args:
        run: Run of a recipe for images.
        files: list of files, folders or globs.

    Returns:
        Source.

    Raises:
        ValueError: there is nothing to read, or more cannot be decoded than the recipe's
            `skip_ratio` allows.
    """
    return run.data.open(tuple(files) if len(files) > 1 else files[0])


def save_png(path, image):
    """Writes an image to a PNG file atomically.

    Args:
        path: pathlib.Path; its parent folders are created.
        image: float array (H, W, 3) in [0, 1], or uint8.

    Returns:
        The path.
    """
    pixels = np.asarray(image)
    if pixels.dtype != np.uint8:
        pixels = np.rint(pixels * 255).astype("uint8")
    with atomic_write(path) as beside:
        Image.fromarray(pixels).save(beside, format="png")
    return path


def check_folder(out):
    """Refuses what reads as the name of a file where a folder is to be written.

    Args:
        out: path.

    Raises:
        ValueError: it ends as a file of a known kind does, and is no folder.
    """
    if mimetypes.guess_type(str(out))[0] and not Path(out).is_dir():
        raise ValueError(f"out={out} has the ending of a file, and a folder is written: name one.")


def png_path(out, name, suffix=".png"):
    """Returns the path of the PNG of an item: `a/b.jpg` becomes `a/b.png` in `out`."""
    return (Path(out) / name).with_suffix(suffix)
