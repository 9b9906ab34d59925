"""VQ-VAE's encoder: strided convolutions, and residual units where the map is smallest."""

import keras

from mmssl.encoders.parts.residual_units import strided_units
from mmssl.layers import GridPooling


def strided_residual_encoder(
    size: int = 32,
    width: int = 256,
    halvings: int = 2,
    units: int = 2,
    unit_width: int = 256,
    grid: int = 2,
) -> keras.Model:
    """Builds 4x4 convolutions with stride 2 and residual units behind them, without norms.

    Args:
        size: height and width of the images in pixels, a multiple of 2 to the number of halvings.
        width: channels of the last convolution and of the residual units; those before have half.
        halvings: number of strided convolutions, 1 or more, each a block; the units, with a 3x3
            convolution before them, are the last block.
        units: number of residual units.
        unit_width: channels inside a unit.
        grid: the embedding concatenates the averages over `grid` x `grid` cells of the last map.

    Returns:
        keras.Model from `images` float32 (B, size, size, 3) in [0, 1] to `features`
        (B, size / 2^n, size / 2^n, width), n the number of halvings, and `embedding`
        (B, grid * grid * width).

    Raises:
        ValueError: the size cannot be halved so often.

    Reference:
        van den Oord, Vinyals, Kavukcuoglu 2017, arXiv 1711.00937.
    """
    if halvings < 1 or size % 2**halvings:
        raise ValueError(
            f"strided_residual_encoder(size={size}) must be a multiple of 2 to the number of "
            f"halvings, which is 1 or more; got halvings={halvings}."
        )
    images = keras.Input((size, size, 3), dtype="float32", name="images")
    x = keras.layers.Rescaling(2.0, -1.0)(images)
    x = strided_units(x, width, halvings, units, unit_width, "block_{}".format)
    x = keras.layers.Activation("linear", name=f"block_{halvings + 1}")(x)
    embedding = GridPooling(grid, name="pool", dtype="float32")(x)
    return keras.Model(
        {"images": images}, {"features": x, "embedding": embedding}, name="strided_residual_encoder"
    )
