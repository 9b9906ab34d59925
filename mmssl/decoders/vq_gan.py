"""VQ-GAN's decoder: levels of residual units behind group norms, attention at the lowest."""

import keras

from mmssl.encoders.parts.group_norm_units import (
    attended,
    check_widths,
    convolution,
    middle,
    normed_swish,
    residual_unit,
)

LAST = "last"  # layer whose kernel tells how much the discriminator weighs


def vq_gan_decoder(
    places,
    shape: tuple[int, int, int],
    width: int = 128,
    multipliers: tuple[int, ...] = (1, 1, 2, 2, 4),
    units: int = 2,
    groups: int = 32,
) -> keras.Model:
    """Builds the way back of `mmssl.encoders.vq_gan_encoder`, a residual unit more a level.

    Args:
        places: KerasTensor (None, H, W, C), of a known size.
        shape: (H', W', C') of the output, H' and W' being H and W doubled once a level but one.
        width: channels of the last level; a level has this times its multiplier.
        multipliers: one a level, from that of the pictures to that of the codes.
        units: residual units a level of the encoder; here one more.
        groups: of the norms; divides the widths.

    Returns:
        keras.Model from (B, H, W, C) to float32 (B, H', W', C'): what the layer `last`, a 3x3
        convolution, predicts in [-1, 1], brought to [0, 1].

    Raises:
        ValueError: the levels do not lead to the shape, or a width is no multiple of the groups.

    Reference:
        Esser, Rombach, Ommer 2021, arXiv 2012.09841.
    """
    check_widths("vq_gan_decoder", width, multipliers, groups)
    _check_shape(places.shape[1:-1], shape[:-1], len(multipliers))
    inputs = keras.Input(places.shape[1:])
    x = convolution(inputs, places.shape[-1], 1)
    x = middle(convolution(x, width * multipliers[-1]), groups)
    lowest = len(multipliers) - 1
    for level in range(lowest, -1, -1):
        for _ in range(units + 1):
            x = residual_unit(x, width * multipliers[level], groups)
            x = attended(x, groups) if level == lowest else x
        if level:
            x = convolution(keras.layers.UpSampling2D()(x), x.shape[-1])
    last = keras.layers.Conv2D(shape[-1], 3, padding="same", dtype="float32", name=LAST)
    pixels = keras.layers.Rescaling(0.5, 0.5, dtype="float32")(last(normed_swish(x, groups)))
    return keras.Model(inputs, pixels, name="vq_gan_decoder")


def _check_shape(found, wanted, levels):
    grown = tuple(side * 2 ** (levels - 1) for side in found)
    if grown != tuple(wanted):
        raise ValueError(
            f"vq_gan_decoder(multipliers=...) doubles {tuple(found)} places {levels - 1} times to "
            f"{grown}, not to {tuple(wanted)}: it needs as many multipliers as the encoder."
        )
