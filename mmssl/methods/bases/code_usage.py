"""How evenly the entries of a codebook are used by held-out items."""

import numpy as np

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
    shares = np.bincount(codes.ravel(), minlength=entries) / codes.size
    occurring = shares[shares > 0]
    entropy = -np.sum(occurring * np.log(occurring))
    return {"perplexity": float(np.exp(entropy)), "used": float(len(occurring))}


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
