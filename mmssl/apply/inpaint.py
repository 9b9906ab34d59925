"""Filling holes in pictures."""

from mmssl.apply.images import open_images, png_path, save_png
from mmssl.methods.inpainting import ContextEncoder


def inpaint_files(run, files, out):
    """Hides a region of each picture as the recipe does, and writes PNGs of hole and filling.

    The picture is taken as the encoder sees it: its center square at the recipe's size. What is
    hidden depends on the place of a file among the files, so the same command hides the same.

    Args:
        run: Run of a recipe whose method is ContextEncoder.
        files: list of files, folders or globs.
        out: folder to write to; `a/b.jpg` becomes `a/b.masked.png` and `a/b.png` in it.

    Yields:
        pathlib.Path of each file written, two a picture.

    Raises:
        ValueError: the run is of another method, there is nothing to read, or more files cannot
            be decoded or are smaller than the region to hide than the recipe's `skip_ratio`
            leaves out.
    """
    method = run.method(ContextEncoder)
    source = open_images(run, files)
    names = iter(source.names)
    for batch in run.data.masked_examples(source):
        masked = method.fill([batch["images"], batch["mask"]])
        filled = method.inpaint(batch["images"], batch["mask"])
        for before, after in zip(masked, filled, strict=True):
            name = next(names)
            yield save_png(png_path(out, name, ".masked.png"), before)
            yield save_png(png_path(out, name), after)
