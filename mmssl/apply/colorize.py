"""Painting grey pictures."""

from pathlib import Path

import numpy as np
from PIL import Image

from mmssl.methods import Colorization


def colorize_files(run, files, out):
    """Writes a PNG of each picture in the colours that its lightness suggests.

    The picture is taken as the encoder sees it: its centre square at the recipe's size.

    Args:
        run: Run of a recipe whose method is Colorization.
        files: list of files, folders or globs.
        out: folder to write to; `a/b.jpg` becomes `a/b.png` in it.

    Yields:
        pathlib.Path of each file written.

    Raises:
        ValueError: the run is of another method, there is nothing to read, or more files cannot
            be decoded than the recipe's `skip_share` leaves out.
    """
    method = run.method()
    if not isinstance(method, Colorization):
        raise ValueError(
            f"{run.folder} was trained by {type(method).__name__}, not by Colorization."
        )
    source = run.data.open(tuple(files) if len(files) > 1 else files[0])
    names = iter(source.names)
    for batch in run.data.examples(source):
        painted = np.array(method.colorize(batch["images"]))
        for picture in np.rint(painted * 255).astype("uint8"):
            path = (Path(out) / next(names)).with_suffix(".png")
            path.parent.mkdir(parents=True, exist_ok=True)
            beside = path.with_suffix(".png.tmp")
            Image.fromarray(picture).save(beside, format="png")
            beside.replace(path)
            yield path
