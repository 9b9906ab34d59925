"""The decoder of DALL-E's discrete VAE, to the parameters of a distribution of each pixel."""

import keras

from mmssl.encoders.parts.gained_units import check_levels, gained_unit, spread
from mmssl.layers import LogitLaplaceMedian

PARAMETERS = "parameters"  # layer of the locations and the logarithms of the scales


def discrete_vae_decoder(
    places, shape: tuple[int, int, int], width: int = 256, levels: int = 4, units: int = 2
) -> keras.Model:
    """Builds the way back of `mmssl.encoders.discrete_vae_encoder`.

    Args:
        places: KerasTensor (None, H, W, C), entries of a codebook, which in DALL-E's code are a
            1x1 convolution of codes.
        shape: (H', W', C') of a picture, H' and W' being H and W doubled once a level but one.
        width: channels of the last level, a multiple of 4; each before has twice as many.
        levels: number of them.
        units: residual units a level: a 1x1 and three 3x3 convolutions.

    Returns:
        keras.Model from (B, H, W, C) to float32 (B, H', W', C') in [0, 1], the medians of the
        distributions whose parameters (B, H', W', 2 C') the layer `parameters` predicts.

    Raises:
        ValueError: the levels do not lead to the shape, or another argument is out of range.

    Reference:
        Ramesh et al. 2021, arXiv 2102.12092.
    """
    check_levels("discrete_vae_decoder", width, levels, units)
    grown = tuple(side * 2 ** (levels - 1) for side in places.shape[1:-1])
    if grown != tuple(shape[:-1]):
        raise ValueError(
            f"discrete_vae_decoder(levels={levels}) leads from {tuple(places.shape[1:-1])} places "
            f"to {grown}, not to {tuple(shape[:-1])}: it needs as many levels as the encoder."
        )
    inputs = keras.Input(places.shape[1:])
    x = inputs
    for level in range(levels, 0, -1):
        for _ in range(units):
            x = gained_unit(x, width * 2 ** (level - 1), (1, 3, 3, 3), 1 / (levels * units) ** 2)
        x = keras.layers.UpSampling2D()(x) if level > 1 else keras.layers.ReLU()(x)
    parameters = spread(2 * shape[-1], 1, dtype="float32", name=PARAMETERS)(x)
    pictures = LogitLaplaceMedian(dtype="float32", name="pictures")(parameters)
    return keras.Model(inputs, pictures, name="discrete_vae_decoder")
