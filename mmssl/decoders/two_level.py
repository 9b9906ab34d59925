"""VQ-VAE-2's decoder: a coarse map is widened and joined with a fine one."""

import keras

from mmssl.decoders.strided_residual import strided_residual_decoder


def two_level_decoder(
    top, bottom, shape: tuple[int, int, int], width: int = 128, units: int = 2, unit_width: int = 64
) -> keras.Model:
    """Builds a transposed convolution of the top map, and the decoder of both maps together.

    Args:
        top: KerasTensor (None, H, W, D), of a known size.
        bottom: KerasTensor (None, 2 H, 2 W, D).
        shape: (H', W', C') of the output, see `strided_residual_decoder`, as for the next three.
        width: channels of its units.
        units: number of its residual units.
        unit_width: channels inside a unit.

    Returns:
        keras.Model from a dict of `top` and `bottom` to float32 (B, H', W', C').

    Raises:
        ValueError: the output is no such multiple of the bottom map.

    Reference:
        Razavi, van den Oord, Vinyals 2019, arXiv 1906.00446.
    """
    inputs = {
        name: keras.Input(x.shape[1:], name=name) for name, x in (("top", top), ("bottom", bottom))
    }
    widened = keras.layers.Conv2DTranspose(
        top.shape[-1], 4, 2, padding="same", kernel_initializer="he_normal", name="widened"
    )(inputs["top"])
    joined = keras.layers.Concatenate()([widened, inputs["bottom"]])
    decoder = strided_residual_decoder(joined, shape, width, units, unit_width)
    return keras.Model(inputs, decoder(joined), name="two_level_decoder")
