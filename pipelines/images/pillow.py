"""Reading of image files by Pillow: what TensorFlow does not read, or not safely."""

import io

import numpy as np
from PIL import Image, UnidentifiedImageError

# Pillow's own limit: larger pictures are refused before their memory, 512 MiB, is allocated.
MAX_PIXELS = 178_956_970

_FORMATS = ("BMP", "GIF", "TIFF", "WEBP")
# The transposition that turns an image upright, by the value of the Exif tag.
_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def read_image(data, formats=_FORMATS):
    """Reads a file, or its first frame or page.

    Args:
        data: bytes, the file.
        formats: tuple of Pillow's names of the formats that it may have.

    Returns:
        uint8 array (H, W, 3), upright; transparent pixels are blended with white.

    Raises:
        ValueError: for another kind of file, a damaged one, or one with too many pixels; the
            message is the reason.
    """
    image = _loaded(data, formats)
    pixels, turn = _rgb(image), _turn_of(image)
    return np.asarray(pixels if turn is None else pixels.transpose(turn))


def turn_upright(data, pixels):
    """Turns the pixels of a file according to its orientation in Exif or XMP.

    Args:
        data: bytes, the file: JPEG or PNG.
        pixels: uint8 array (H, W, 3), as they are stored in it.

    Returns:
        uint8 array (H, W, 3) or (W, H, 3).
    """
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG")) as image:
            turn = _turn_of(image)
    except Exception:  # the pixels are intact, and broken tags do not matter
        turn = None
    return pixels if turn is None else np.asarray(Image.fromarray(pixels).transpose(turn))


def _loaded(data, formats):
    try:
        image = Image.open(io.BytesIO(data), formats=formats)
        image.load()
    except UnidentifiedImageError:
        raise ValueError(
            "it is not JPEG, PNG, BMP, GIF, TIFF or WebP, or its header is damaged"
        ) from None
    except Image.DecompressionBombError:
        raise ValueError(f"it has more than {MAX_PIXELS} pixels, the limit") from None
    except Exception as error:  # of many types, from many decoders
        raise ValueError(f"it is damaged or truncated: {error}") from error
    return image


def _turn_of(image):
    try:
        return _TURNS.get(image.getexif().get(_ORIENTATION))
    except Exception:  # see above
        return None


def _rgb(image):
    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)).convert("RGB")
    if image.mode in ("I", "F"):
        raise ValueError("its pixels have 32 bits: save it with 8 or 16 bits a channel")
    if not image.has_transparency_data:
        return image.convert("RGB")
    image = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
