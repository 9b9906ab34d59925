"""The lightweight convolutional decoder of data2vec 2.0, which fills in masked tokens."""

import math

import keras

from mmssl.layers import GroupedConvolution


def masked_decoder(
    width: int,
    grid: tuple[int, ...],
    channels: int = 768,
    depth: int = 6,
    kernel_size: int = 3,
    groups: int = 16,
    residual: bool = True,
    projection_layers: int = 1,
    dropout: float = 0.0,
) -> keras.Model:
    """Builds the decoder of data2vec 2.0: grouped convolutions over the grid of tokens.

        block: x = gelu(norm(convolution(x))) + x;  prediction = linear(x)

    The norm is a layer norm over channels without affine parameters. A block whose input and output
    widths differ has no residual connection. The last kernel is initialized to zero, and with it
    the predictions: random predictions have a higher loss than zeros, and the encoder would first
    learn to output nothing in order to suppress them.

    Args:
        width: channels of tokens and predictions.
        grid: tokens along each axis, such as (8, 8); its length is the rank of the convolutions.
            (None,) is a sequence of any length.
        channels: channels of the convolutions; like `width`, a multiple of `groups`.
        depth: number of blocks, 1 or more.
        kernel_size: taps along each axis.
        groups: groups of the convolutions.
        residual: whether blocks have residual connections.
        projection_layers: dense layers after the blocks, 1 or more: the last is linear, those
            before it have twice the channels and a GELU.
        dropout: rate in [0, 1), on the input.

    Returns:
        keras.Model from tokens (B, T, width) to predictions (B, T, width), T the product of `grid`.

    Raises:
        ValueError: a width is not a multiple of `groups`, or depth or projection_layers is below 1.

    Reference:
        Baevski, Babu, Hsu, Auli 2022, arXiv 2212.07525.
    """
    if depth < 1 or projection_layers < 1:
        raise ValueError(
            "masked_decoder needs depth and projection_layers of 1 or more; got "
            f"{depth} and {projection_layers}."
        )
    tokens = keras.Input((_length(grid), width), name="tokens")
    x = keras.layers.Dropout(dropout)(tokens)
    if len(grid) > 1:
        x = keras.layers.Reshape((*grid, width))(x)
    for number in range(1, depth + 1):
        before = x
        x = GroupedConvolution(
            channels, (kernel_size,) * len(grid), groups, name=f"convolve_{number}"
        )(x)
        x = keras.layers.LayerNormalization(epsilon=1e-5, center=False, scale=False)(x)
        x = keras.layers.Activation("gelu")(x)
        if residual and before.shape[-1] == channels:
            x = keras.layers.Add()([x, before])
    if len(grid) > 1:
        x = keras.layers.Reshape((_length(grid), channels))(x)
    for _ in range(projection_layers - 1):
        x = keras.layers.Dense(2 * channels, "gelu")(x)
    predict = keras.layers.Dense(width, kernel_initializer="zeros", name="predict")
    return keras.Model(tokens, predict(x), name="decoder")


def _length(grid):
    return None if None in grid else math.prod(grid)
