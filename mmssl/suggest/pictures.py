"""What the header and a small copy of a picture tell."""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image, UnidentifiedImageError

from mmssl.suggest.duplicates import sketch

# What recipes read; for some others, as EPS, Pillow starts a program.
_FORMATS = ("JPEG", "PNG", "BMP", "GIF", "TIFF", "WEBP")
NEAR = 0.97  # cosine of the sketches of copies, see `near_duplicates`
_GRAY = 8  # levels by which the channels of a gray picture, compressed, may differ


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture.

    Attributes:
        width: in pixels.
        height: in pixels.
        color: bool.
        sketch: see `duplicates`.
    """

    width: int
    height: int
    color: bool
    sketch: np.ndarray


def examine(item, sample_rate=None):
    """Examines a picture.

    Args:
        item: pathlib.Path, bytes of an encoded file, or an array (H, W) or (H, W, channels).
        sample_rate: not used.

    Returns:
        Picture.

    Raises:
        ValueError: it cannot be read; the message is the reason.
    """
    try:
        if isinstance(item, np.ndarray):
            return _examined(_of_array(item))
        file = io.BytesIO(item) if isinstance(item, bytes) else item
        with Image.open(file, formats=_FORMATS) as image:
            size = image.size
            image.draft("RGB", (64, 64))  # a JPEG is decoded at an eighth of its size
            return _examined(image, size)
    except Exception as error:  # of many types, from many decoders
        # What Pillow does not know it names by an address in memory.
        unknown = isinstance(error, UnidentifiedImageError)
        reason = "of no known kind" if unknown else str(error).split(":")[0]
        raise ValueError(f"not a picture, or damaged: {reason}") from error


def _of_array(pixels):
    if pixels.dtype.kind == "f":
        pixels = 255 * np.clip(pixels, 0, 1)
    elif pixels.dtype.itemsize > 1:
        pixels = pixels >> 8
    pixels = pixels.astype(np.uint8)
    return Image.fromarray(pixels.squeeze(-1) if pixels.shape[-1] == 1 else pixels)


def _examined(image, size=None):
    width, height = size or image.size
    if image.mode.startswith("I;16"):
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    small = np.asarray(image.convert("RGB").resize((16, 16), Image.Resampling.BOX), int)
    color = bool(np.ptp(small, axis=-1).max() > _GRAY)
    return Picture(width, height, color, sketch(small.sum(axis=-1)))
