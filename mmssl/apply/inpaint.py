"""Inpainting images."""

from mmssl.apply.images import check_folder, open_images, png_path, save_png
from mmssl.methods.inpainting import ContextEncoder


def inpaint_files(run, files, out):
    """Masks a region of each image as the recipe does, and writes the masked and inpainted PNGs.

    The image is taken as the encoder sees it: its center square at the recipe's size. The region
    depends on the position of a file among the files, so the same command masks the same ones.

    Args:
        run: Run of a recipe whose method is ContextEncoder.
        files: list of files, folders or globs.
        out: folder to write to; `a/b.jpg` becomes `a/b.masked.png` and `a/b.png` in it.

    Yields:
        pathlib.Path of each file written, two per image.

    Raises:
        ValueError: the run is of another method, `out` has the ending of a file, there is nothing
            to read, or more files cannot be decoded, or are smaller than the masked region, than
            the recipe's `skip_ratio` allows.
    """
    check_folder(out)
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
