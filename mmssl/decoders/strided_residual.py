"""VQ-VAE's decoder: residual units, and transposed convolutions behind them."""

import math

import keras

from mmssl.encoders.parts.residual_units import residual_units


def strided_residual_decoder(
    features, shape: tuple[int, int, int], width: int = 256, units: int = 2, unit_width: int = 256
) -> keras.Model:
    """Builds the way back of `mmssl.encoders.strided_residual_encoder`.

    Args:
        features: KerasTensor (None, H, W, C), of a known size.
        shape: (H', W', C') of the output, H' and W' the same power of 2 times H and W.
        width: channels of the units; those of the transposed convolutions are half of that.
        units: number of residual units.
        unit_width: channels inside a unit.

    Returns:
        keras.Model from (B, H, W, C) to float32 (B, H', W', C').

    Raises:
        ValueError: the output is no such multiple.

    Reference:
        van den Oord, Vinyals, Kavukcuoglu 2017, arXiv 1711.00937.
    """
    doublings = _doublings(features.shape[1:-1], shape[:-1])
    inputs = keras.Input(features.shape[1:])
    x = keras.layers.Conv2D(width, 3, padding="same", kernel_initializer="he_normal")(inputs)
    x = residual_units(x, units, unit_width)
    for _ in range(doublings - 1):
        x = keras.layers.Conv2DTranspose(
            width // 2, 4, 2, padding="same", activation="relu", kernel_initializer="he_normal"
        )(x)
    last = keras.layers.Conv2DTranspose(
        shape[-1], 4, 2, padding="same", dtype="float32", name="outputs"
    )
    return keras.Model(inputs, last(x), name="strided_residual_decoder")


def _doublings(found, wanted):
    factors = {b / a for a, b in zip(found, wanted, strict=True)}
    [factor, *others] = factors
    doublings = math.log2(factor)
    if others or doublings < 1 or not doublings.is_integer():
        raise ValueError(
            f"A map of {tuple(found)} places cannot be decoded to {tuple(wanted)}: both sides must "
            "grow by the same power of 2, 2 or more."
        )
    return int(doublings)
