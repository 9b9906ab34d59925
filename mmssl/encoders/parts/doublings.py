"""Transposed convolutions over sequences, with dilated residual units before them."""

import keras

from mmssl.layers import DilatedUnit


def doubled(x, widths, width, dilations, unit_width):
    """Doubles the rate of a sequence several times.

    Args:
        x: KerasTensor (B, T, C).
        widths: channels after each doubling.
        width: channels of the units before it.
        dilations: of these units; the last one comes first.
        unit_width: channels inside a unit.

    Returns:
        KerasTensor (B, T * 2^n, C'), n the number of doublings and C' the last of `widths`.
    """
    x = keras.layers.Conv1D(width, 3, padding="same")(x)
    for channels in widths:
        for dilation in reversed(dilations):
            x = DilatedUnit(unit_width, dilation)(x)
        x = keras.layers.Conv1DTranspose(channels, 4, 2, padding="same")(x)
    return x
