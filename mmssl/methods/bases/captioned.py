"""A sheet of items, each beside texts or pictures, for a report."""

import numpy as np

SIDE, LINE, WIDTH = 64, 20, 420  # pixels
_RIGHT, _WRONG = (20, 120, 40), (60, 60, 60)
_MOST = 64  # characters of a line


def captioned_sheet(rows):
    """Draws a row an item: the item, and beside it, or below a text, what belongs to it.

    Args:
        rows: list of pairs of an item and a list of pairs of another item and bool, whether it is
            to be marked. An item is a str, a uint8 picture (H, W, 3), or a pair of a waveform and
            its sample rate, which is drawn as its course.

    Returns:
        uint8 array (H, W, 3).
    """
    from matplotlib import font_manager
    from PIL import Image, ImageDraw, ImageFont

    lines = max(len(beside) + isinstance(item, str) for item, beside in rows)
    height = max(SIDE, LINE * lines) + 8
    sheet = Image.new("RGB", (SIDE + WIDTH, height * len(rows)), "white")
    pen = ImageDraw.Draw(sheet)
    pen.font = ImageFont.truetype(font_manager.findfont("DejaVu Sans"), 12)
    for number, (item, beside) in enumerate(rows):
        top = number * height + 4
        _put(sheet, pen, item, (4, top), SIDE - 8, _WRONG)
        for line, (other, marked) in enumerate(beside, start=int(isinstance(item, str))):
            color = _RIGHT if marked else _WRONG
            if isinstance(other, str):
                pen.text((SIDE + 8, top + LINE * line), _line(other, marked), fill=color)
            else:
                _put(sheet, pen, other, (SIDE + 8 + line * SIDE, top), SIDE - 8, color)
    return np.asarray(sheet)


def _put(sheet, pen, item, corner, side, color):
    from PIL import Image

    if isinstance(item, str):
        pen.text(corner, _line(item, False), fill=color)
        return
    picture = _course(*item) if isinstance(item, tuple) else item
    small = Image.fromarray(np.asarray(picture, "uint8"))
    small.thumbnail((side, side))
    sheet.paste(small, corner)
    pen.rectangle((*corner, corner[0] + small.width, corner[1] + small.height), outline=color)


def _course(wave, rate):
    """Draws a waveform as a picture, uint8 (64, 64, 3)."""
    parts = np.array_split(np.asarray(wave), SIDE)
    loud = np.array([np.abs(part).max() if len(part) else 0.0 for part in parts])
    loud = loud / max(loud.max(), 1e-6)
    far = np.abs(np.linspace(-1, 1, SIDE))[:, None]
    return np.repeat(np.where(far <= loud[None], 90, 245)[..., None], 3, axis=-1)


def _line(text, marked):
    return ("+ " if marked else "   ") + " ".join(text.split())[:_MOST]
