"""Simple models of symbols, by counting, which a likelihood is measured against."""

import io

import numpy as np
from PIL import Image

PRIOR = 0.1  # of a count


def entropy(counts):
    """Computes the entropy of what was counted.

    Args:
        counts: array (K,), 0 or more each.

    Returns:
        float, in nats.
    """
    shares = counts[counts > 0] / counts.sum()
    return float(-np.sum(shares * np.log(shares)))


def counted_bits(symbols, levels):
    """Computes the code lengths of models that count.

    Args:
        symbols: int array (N, H, W, C), 0 to levels - 1, of two maps or more.
        levels: number of values.

    Returns:
        dict of bits a symbol: `histogram_bits`, one histogram a channel; `position_bits`, one at
        each place; `before_bits`, one for each value of the symbol before, in raster order, in the
        same channel.
    """
    maps, height, width, channels = symbols.shape
    flat = symbols.reshape(maps, height * width, channels)
    channel = np.broadcast_to(np.arange(channels), flat.shape)
    place = np.broadcast_to(np.arange(flat[0].size).reshape(flat[0].shape), flat.shape)
    before = np.pad(flat[:, :-1], ((0, 0), (1, 0), (0, 0)), constant_values=levels)
    contexts = {
        "histogram_bits": channel,
        "position_bits": place,
        "before_bits": channel * (levels + 1) + before,
    }
    rows = flat.reshape(maps, -1)
    return {
        name: left_out_bits(context.reshape(maps, -1), rows, levels)
        for name, context in contexts.items()
    }


def left_out_bits(contexts, symbols, levels):
    """Codes each map by what was counted in the others: p = (n(c, x) + a) / (n(c) + a levels).

    Args:
        contexts: int array (N, P), what is known of a symbol.
        symbols: int array (N, P).
        levels: number of values of a symbol.

    Returns:
        float, bits a symbol.
    """
    pairs = contexts.astype("int64") * levels + symbols
    many = np.bincount(pairs.ravel(), minlength=(contexts.max() + 1) * levels)
    of_context = many.reshape(-1, levels).sum(axis=1)
    bits = 0.0
    for known, pair in zip(contexts, pairs, strict=True):
        found = many[pair] - _own(pair) + PRIOR
        out_of = of_context[known] - _own(known) + PRIOR * levels
        bits -= np.log2(found / out_of).sum()
    return float(bits / symbols.size)


def _own(numbers):
    """Counts, for each number, how often it is there."""
    _, places, counts = np.unique(numbers, return_inverse=True, return_counts=True)
    return counts[places]


def png_bits(pictures):
    """Computes the size of one PNG file of all pictures, one below the other, in bits a value.

    Args:
        pictures: int array (N, H, W) or (N, H, W, 3), 0 to 255.

    Returns:
        float.
    """
    column = pictures.reshape(-1, *pictures.shape[2:]).astype("uint8")
    file = io.BytesIO()
    Image.fromarray(column).save(file, "png", optimize=True)
    return 8 * file.tell() / pictures.size
