"""Colorizing grayscale images."""

from mmssl.apply.images import check_folder, open_images, png_path, save_png
from mmssl.methods.colorization import Colorization
from mmssl.methods.hypercolumn_colorization import HypercolumnColorization


def colorize_files(run, files, out):
    """Writes a PNG of each image, with the colors predicted from its lightness.

    The image is taken as the encoder sees it: its center square at the recipe's size.

    Args:
        run: Run of a recipe whose method colorizes.
        files: list of files, folders or globs.
        out: folder to write to; `a/b.jpg` becomes `a/b.png` in it.

    Yields:
        pathlib.Path of each file written.

    Raises:
        ValueError: the method does not colorize, `out` has the ending of a file, there is nothing
            to read, or more files cannot be decoded than the recipe's `skip_ratio` allows.
    """
    check_folder(out)
    method = run.method(Colorization, HypercolumnColorization)
    source = open_images(run, files)
    names = iter(source.names)
    for batch in run.data.examples(source):
        for image in method.colorize(batch["images"]):
            yield save_png(png_path(out, next(names)), image)
