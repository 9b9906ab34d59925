"""Restoring pictures: less noise, more pixels, no rain, no lines."""

from pathlib import Path

import numpy as np

from mmssl.apply.images import check_folder, open_images, png_path, save_png
from mmssl.methods.ipt import IPT


def restore_files(run, files, task=None, out="restored", progress=None):
    """Restores pictures of any size, tile by tile, and writes a PNG of each.

    Args:
        run: Run of a recipe whose method is IPT.
        files: list of files, folders or globs.
        task: name of one of the run's tasks, or what the name of one alone begins with, such as
            `denoise`; None for the only one.
        out: folder to write to, `a/b.jpg` becomes `a/b.png` in it; or, of one picture, the `.png`
            file to write.
        progress: None, or function called with (tiles done, total tiles) of each picture.

    Yields:
        pathlib.Path of each file written.

    Raises:
        ValueError: the run is of another method or has not that task, `out` is a file for several
            pictures, there is nothing to read, or more files cannot be decoded than the recipe's
            `skip_ratio` allows.
    """
    method, out = run.method(IPT), Path(out)
    task, source = task_called(run, task), open_images(run, files)
    is_file = out.suffix.lower() == ".png"
    if is_file and len(source) > 1:
        raise ValueError(f"out={out} is one file, for {len(source)} pictures: name a folder.")
    if not is_file:
        check_folder(out)
    for number, name in enumerate(source.names):
        picture = run.data.preview(source, number)
        bands = method.restore(picture[None].astype("float32") / 255.0, task, progress)
        # As bytes at once: a large picture in float32 takes four times the memory.
        restored = [np.rint(255.0 * band[0]).astype("uint8") for band in bands]
        path = out if is_file else png_path(out, name)
        yield save_png(path, np.concatenate(restored))


def task_called(run, given):
    """Finds the task that a user means.

    Args:
        run: Run of a recipe whose method is IPT.
        given: str, its name or how that begins; None for the only one.

    Returns:
        str, its name.

    Raises:
        ValueError: the run has no such task, or several.
    """
    known = run.data.drawn
    found = [name for name in known if name == given] or [
        name for name in known if given is None or name.startswith(given)
    ]
    if len(found) != 1:
        asked = "a task must be named" if given is None else f"task={given!r} is none, or several"
        raise ValueError(f"{asked}: {run.folder} was trained for {', '.join(known)}.")
    return found[0]
