"""Pictures that a trained model draws, on one page."""

import math
from pathlib import Path

import numpy as np
from PIL import Image

from mmssl.files import atomic_write
from mmssl.generation.code_map_sampler import CodeMapSampler
from mmssl.generation.image_gpt_sampler import ImageGPTSampler
from mmssl.generation.pixel_sampler import PixelSampler
from mmssl.methods import ImageGPT, PixelPrior, PixelRNN

# What draws pictures: `sample(count, seed, temperature, progress)`, uint8 (count, H, W, 3), and
# where a picture can be gone on from, `complete(images, seed, temperature, progress)`.
PICTURE_SAMPLERS = {PixelRNN: PixelSampler, ImageGPT: ImageGPTSampler}
COUNT = 8
SMALLEST = 96  # pixels of a side on the page
GAP = 4


def picture_sampler(method):
    """Builds the sampler of a method that draws pictures.

    Args:
        method: one of the classes in PICTURE_SAMPLERS.

    Returns:
        `PixelSampler`, `ImageGPTSampler`, or another with their `sample`.
    """
    return next(make for kind, make in PICTURE_SAMPLERS.items() if isinstance(method, kind))(method)


def generate_pictures(
    run,
    out="generated.png",
    prompt=None,
    count=COUNT,
    temperature=1.0,
    seed=0,
    tell=lambda sentence: None,
    progress=None,
):
    """Draws pictures with a trained model and writes them to one PNG file.

    Args:
        run: Run of a recipe whose method draws pictures.
        out: `.png` file to write.
        prompt: image file whose upper half is given, at the size of the recipe's pictures; None
            draws all of each picture.
        count: number of pictures, drawn at once.
        temperature: 1 samples from the model's distribution, lower values sharpen it, 0 always
            takes the most likely value.
        seed: random seed.
        tell: function called with messages for the user, each a str.
        progress: None, or function called with (steps done, total steps).

    Returns:
        list of one pathlib.Path.

    Raises:
        ValueError: the run's method draws no pictures, an argument is out of range, or a file
            cannot be read.
    """
    out = page_path(out, count)
    sampler = picture_sampler(run.method(*PICTURE_SAMPLERS))
    given = {"seed": seed, "temperature": temperature, "progress": progress}
    if prompt is None:
        pictures = sampler.sample(count, **given)
    else:
        seen = np.repeat(_read(run, sampler, prompt), count, axis=0)
        pictures = sampler.complete(seen, **given)
    return [save_page(out, pictures)]


def generate_from_codes(
    run,
    out="generated.png",
    lower=(),
    count=COUNT,
    temperature=1.0,
    seed=0,
    tell=lambda sentence: None,
    progress=None,
):
    """Draws codes with a prior, and writes the pictures that they stand for to one PNG file.

    Args:
        run: Run of a recipe whose method is PixelPrior, of the top level.
        out: `.png` file to write.
        lower: Runs of the levels below, from the next to the last.
        count: see `generate_pictures`, as for the next two.
        temperature: 0 or more.
        seed: random seed.
        tell: function called with messages for the user, each a str.
        progress: None, or function called with (codes done, total codes) of each level.

    Returns:
        list of one pathlib.Path.

    Raises:
        ValueError: a run is of another method, or not of its level; levels are of different
            tokenizers; or an argument is out of range.
    """
    out = page_path(out, count)
    for other in lower:
        if other.data.spec != run.data.spec:
            raise ValueError(
                f"{other.folder} and {run.folder} learned from the codes of different tokenizers."
            )
    top, *below = (CodeMapSampler(one.method(PixelPrior), one.data) for one in (run, *lower))
    return [save_page(out, top.sample(count, seed, temperature, progress, below))]


def page_path(out, count):
    """Checks where a page is written, and how many pictures are on it; returns a pathlib.Path."""
    out = Path(out)
    if out.suffix.lower() != ".png":
        raise ValueError(f"out must end in .png; got {out}.")
    if count < 1:
        raise ValueError(f"count must be 1 or more; got {count}.")
    return out


def save_page(out, pictures):
    """Writes pictures, uint8 (N, H, W, 3), as one page; returns the path."""
    with atomic_write(out) as beside:
        Image.fromarray(page(pictures)).save(beside, format="png")
    return out


def _read(run, sampler, path):
    """Reads an image file as the encoder sees it: float32 (1, H, W, 3)."""
    if not hasattr(sampler, "complete"):
        raise ValueError(f"{run.folder} draws whole pictures: leave out prompt.")
    if not Path(path).is_file():
        raise ValueError(f"prompt must be an image file; there is none at {path}.")
    return next(run.data.examples(run.data.open(str(path)), 1).as_numpy_iterator())["images"]


def page(pictures):
    """Lays pictures out in rows, small ones enlarged by a whole number.

    Args:
        pictures: uint8 array (N, H, W, 3).

    Returns:
        uint8 array (rows, columns, 3), white between the pictures.
    """
    count, height, width, _ = pictures.shape
    times = math.ceil(SMALLEST / max(height, width))
    large = pictures.repeat(times, axis=1).repeat(times, axis=2)
    columns = math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    framed = np.full((rows * columns, times * height + GAP, times * width + GAP, 3), 255, "uint8")
    framed[:count, GAP:, GAP:] = large
    tall, wide = framed.shape[1:3]
    grid = framed.reshape(rows, columns, tall, wide, 3).swapaxes(1, 2)
    return np.pad(
        grid.reshape(rows * tall, columns * wide, 3),
        ((0, GAP), (0, GAP), (0, 0)),
        constant_values=255,
    )
