"""The decoder of IPT, which all tasks share, and the tail of a task."""

import keras

from mmssl.encoders.parts.pixels import DEVIATION, MEAN
from mmssl.layers import Enlarge, unpatchify


def ipt_decoder(
    count: int, width: int, depth: int = 12, num_heads: int = 12, mlp_dim: int = 2304
) -> keras.Model:
    """Builds transformer blocks that restore tokens, asked by the query of a task.

        x = x + attention(q = k = norm(x) + query, v = norm(x))
        x = x + attention(q = norm(x) + query, k = v = tokens)
        x = x + contract(relu(expand(norm(x))))

    x begins as the tokens, and ends in x + contract(relu(expand(x))). Attention has no biases.

    Args:
        count: number of tokens.
        width: of the tokens.
        depth: number of blocks.
        num_heads: attention heads per block; divides the width.
        mlp_dim: hidden width of the feed-forward networks.

    Returns:
        keras.Model from a dict of `tokens` (B, count, width) and `query` (B, count, width) to
        (B, count, width).

    Reference:
        Chen et al. 2020, arXiv 2012.00364.
    """
    tokens = keras.Input((count, width), name="tokens")
    query = keras.Input((count, width), name="query")

    def asked(x, memory=None):
        normed = keras.layers.LayerNormalization(epsilon=1e-6)(x)
        questions = keras.layers.Add()([normed, query])
        keys, values = (questions, normed) if memory is None else (memory, memory)
        attention = keras.layers.MultiHeadAttention(num_heads, width // num_heads, use_bias=False)
        return keras.layers.Add()([x, attention(questions, values, keys)])

    def fed_forward(x, inner):
        inner = keras.layers.Dense(mlp_dim, activation="relu")(inner)
        return keras.layers.Add()([x, keras.layers.Dense(width)(inner)])

    x = tokens
    for _ in range(depth):
        x = asked(asked(x), tokens)
        x = fed_forward(x, keras.layers.LayerNormalization(epsilon=1e-6)(x))
    return keras.Model({"tokens": tokens, "query": query}, fed_forward(x, x), name="decoder")


def ipt_tail(size: int, channels: int, scale: int = 1, skip: bool = False) -> keras.Model:
    """Builds the tail of a task: enlarging convolutions, and one to colors.

    A convolution to `factor^2` times the channels makes the pixels of each cell of factor x factor,
    for 4 twice by 2.

    Args:
        size: height and width of the maps.
        channels: of the maps.
        scale: how many times as large the restored picture's sides are, 1 to 4.
        skip: whether what the tail gives, nothing at first, is added to the degraded picture,
            enlarged by bicubic interpolation; else it is added to ImageNet's mean color.

    Returns:
        keras.Model from a dict of `maps` (B, size, size, channels) and `images` float32
        (B, size, size, 3) in [0, 1] to float32 (B, scale * size, scale * size, 3), whose values may
        leave [0, 1].
    """
    maps = keras.Input((size, size, channels), name="maps")
    images = keras.Input((size, size, 3), dtype="float32", name="images")
    x = maps
    for factor in {1: (), 4: (2, 2)}.get(scale, (scale,)):
        side = x.shape[1]
        x = keras.layers.Conv2D(channels * factor**2, 3, padding="same")(x)
        cells = keras.layers.Reshape((side**2, channels * factor**2))(x)
        x = unpatchify(cells, factor, side)
    mean, start = (0.0, "zeros") if skip else (list(MEAN), "glorot_uniform")
    colors = keras.layers.Conv2D(
        3, 3, padding="same", kernel_initializer=start, dtype="float32", name="colors"
    )(x)
    restored = keras.layers.Rescaling(list(DEVIATION), mean, dtype="float32")(colors)
    if skip:
        restored = keras.layers.Add(dtype="float32")([restored, Enlarge(scale)(images)])
    return keras.Model({"maps": maps, "images": images}, restored, name=f"tail_{scale}")
