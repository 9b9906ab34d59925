"""VQ-GAN's encoder: levels of residual units behind group norms, attention at the lowest."""

import keras

from mmssl.encoders.parts.group_norm_units import (
    attended,
    check_widths,
    convolution,
    middle,
    normed_swish,
    residual_unit,
)
from mmssl.layers import GridPooling


def vq_gan_encoder(
    size: int = 256,
    width: int = 128,
    multipliers: tuple[int, ...] = (1, 1, 2, 2, 4),
    units: int = 2,
    channels: int = 256,
    groups: int = 32,
    grid: int = 2,
) -> keras.Model:
    """Builds levels of residual units with group norm and swish, each half the size of the last.

    Args:
        size: height and width of the images in pixels, a multiple of 2 to the number of levels
            less one.
        width: channels of the first convolution; a level has this times its multiplier.
        multipliers: one a level, each of them a block; what comes after them is the last block.
        units: residual units a level, 1 or more; at the lowest level attention follows each.
        channels: of the features.
        groups: of the norms; divides the widths.
        grid: the embedding concatenates the averages over `grid` x `grid` cells of the features.

    Returns:
        keras.Model from `images` float32 (B, size, size, 3) in [0, 1] to `features`
        (B, size / 2^n, size / 2^n, channels), n the number of levels less one, and `embedding`
        (B, grid * grid * channels).

    Raises:
        ValueError: the size cannot be halved so often, or a width is no multiple of the groups.

    Reference:
        Esser, Rombach, Ommer 2021, arXiv 2012.09841.
    """
    check_widths("vq_gan_encoder", width, (1, *multipliers), groups)
    last = len(multipliers)
    if size % 2 ** (last - 1) or units < 1 or channels < 1:
        raise ValueError(
            f"vq_gan_encoder(size={size}) must be a multiple of {2 ** (last - 1)} for {last} "
            f"levels, units and channels 1 or more; got units={units} and channels={channels}."
        )
    images = keras.Input((size, size, 3), dtype="float32", name="images")
    x = convolution(keras.layers.Rescaling(2.0, -1.0)(images), width)
    for level, multiplier in enumerate(multipliers, start=1):
        for _ in range(units):
            x = residual_unit(x, width * multiplier, groups)
            x = attended(x, groups) if level == last else x
        x = convolution(x, x.shape[-1], strides=2) if level < last else x
        x = keras.layers.Activation("linear", name=f"block_{level}")(x)
    x = convolution(normed_swish(middle(x, groups), groups), channels)
    x = keras.layers.Activation("linear", name=f"block_{last + 1}")(x)
    embedding = GridPooling(grid, name="pool", dtype="float32")(x)
    return keras.Model(
        {"images": images}, {"features": x, "embedding": embedding}, name="vq_gan_encoder"
    )
