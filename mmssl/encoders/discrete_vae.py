"""The encoder of DALL-E's discrete VAE: residual units, and the largest of four pixels between."""

import keras

from mmssl.encoders.parts.gained_units import check_levels, gained_unit, spread
from mmssl.layers import GridPooling


def discrete_vae_encoder(
    size: int = 256, width: int = 256, levels: int = 4, units: int = 2, grid: int = 2
) -> keras.Model:
    """Builds a 7x7 convolution and levels of residual units, each level twice as wide.

    Args:
        size: height and width of the images in pixels, a multiple of 2 to the levels less one.
        width: channels of the first level, a multiple of 4; each further level has twice as many.
        levels: number of them, each a block; after all but the last one, of each 2x2 places the
            largest values are kept.
        units: residual units a level: three 3x3 and a 1x1 convolution, with a quarter of the
            channels, times one over the square of the number of all units.
        grid: the embedding concatenates the averages over `grid` x `grid` cells of the features.

    Returns:
        keras.Model from `images` float32 (B, size, size, 3) in [0, 1] to `features`
        (B, size / 2^n, size / 2^n, width * 2^n) after a ReLU, n the levels less one, and
        `embedding` (B, grid * grid * width * 2^n).

    Raises:
        ValueError: the size cannot be halved so often, or another argument is out of range.

    Reference:
        Ramesh et al. 2021, arXiv 2102.12092.
    """
    check_levels("discrete_vae_encoder", width, levels, units)
    if size % 2 ** (levels - 1):
        raise ValueError(
            f"discrete_vae_encoder(size={size}) must be a multiple of {2 ** (levels - 1)} for "
            f"levels={levels}."
        )
    images = keras.Input((size, size, 3), dtype="float32", name="images")
    # DALL-E's pixels are in [0.1, 0.9] here, too.
    x = spread(width, 7)(keras.layers.Rescaling(0.8, 0.1)(images))
    for level in range(1, levels + 1):
        for _ in range(units):
            x = gained_unit(x, width * 2 ** (level - 1), (3, 3, 3, 1), 1 / (levels * units) ** 2)
        x = keras.layers.MaxPooling2D()(x) if level < levels else keras.layers.ReLU()(x)
        x = keras.layers.Activation("linear", name=f"block_{level}")(x)
    embedding = GridPooling(grid, name="pool", dtype="float32")(x)
    return keras.Model(
        {"images": images}, {"features": x, "embedding": embedding}, name="discrete_vae_encoder"
    )
