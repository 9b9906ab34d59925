"""How evenly the entries of a codebook are used by held-out items."""

import numpy as np

from mmssl.methods.bases.counted import entropy

HEIGHT, WIDTH = 96, 512  # pixels of the picture
BAR, GROUND = (60, 110, 180), (245, 245, 245)


def code_figures(codes, entries):
    """Counts entries.

    Args:
        codes: int array, of any shape.
        entries: K, their number.

    Returns:
        dict: `perplexity`, the exponential of the entropy of their shares, 1 to K; `used`, how many
        occur.
    """
    counts = np.bincount(codes.ravel(), minlength=entries)
    return {"perplexity": float(np.exp(entropy(counts))), "used": float((counts > 0).sum())}


def usage_figures(codes, entries):
    """Computes the `code_figures` of the codes of batches.

    Args:
        codes: list of int arrays, or of dicts of such arrays by the name of a level.
        entries: K.

    Returns:
        dict from name, of several levels with the level behind it, to float.
    """
    figures = {level: code_figures(found, entries) for level, found in _joined(codes).items()}
    return {
        f"{name}_{level}" if level else name: value
        for level, of_level in figures.items()
        for name, value in of_level.items()
    }


def usage_pictures(codes, entries):
    """Draws a `usage_picture` of each level.

    Args:
        codes: see `usage_figures`.
        entries: K.

    Returns:
        list of (title, caption, uint8 (H, W, 3)).
    """
    pictures = []
    for level, found in _joined(codes).items():
        title, caption, picture = usage_picture(found, entries)
        pictures.append((f"{title}, {level}" if level else title, caption, picture))
    return pictures


def _joined(codes):
    """Joins the codes of batches, int (N,), by the name of a level; "" of one alone."""
    levels = [one if isinstance(one, dict) else {"": one} for one in codes]
    return {level: np.concatenate([np.ravel(one[level]) for one in levels]) for level in levels[0]}


def usage_picture(codes, entries):
    """Draws the shares of entries as bars, the most frequent one first.

    Args:
        codes: int array, of any shape.
        entries: K, their number.

    Returns:
        (title, caption, uint8 (H, W, 3)).
    """
    counts = np.sort(np.bincount(codes.ravel(), minlength=entries))[::-1]
    tall = np.rint(counts / counts[0] * HEIGHT)[np.arange(WIDTH) * entries // WIDTH]
    filled = np.arange(HEIGHT)[::-1, None] < tall[None]
    picture = np.where(filled[..., None], BAR, GROUND).astype("uint8")
    figures = code_figures(codes, entries)
    caption = (
        f"How often each of {entries} entries is used, the most frequent one first: "
        f"{figures['used']:.0f} occur, as many as {figures['perplexity']:.0f} would that were used "
        "equally (perplexity)."
    )
    return "Usage of the codebook", caption, picture
