"""The residual units of VQ-VAE's encoder and decoder."""

import keras


def residual_units(x, count, width):
    """Applies residual units: ReLU, a 3x3 convolution, ReLU, a 1x1 convolution, and the sum.

    Args:
        x: KerasTensor (B, H, W, C).
        count: number of units; 0 for none.
        width: channels of the first convolution; the second leads back to C.

    Returns:
        KerasTensor (B, H, W, C), after a last ReLU.
    """
    for _ in range(count):
        inner = keras.layers.ReLU()(x)
        inner = keras.layers.Conv2D(width, 3, padding="same", kernel_initializer="he_normal")(inner)
        inner = keras.layers.ReLU()(inner)
        inner = keras.layers.Conv2D(x.shape[-1], 1, kernel_initializer="he_normal")(inner)
        x = keras.layers.Add()([x, inner])
    return keras.layers.ReLU()(x)


def strided_units(x, width, halvings, units, unit_width, name=None):
    """Applies 4x4 convolutions with stride 2, a 3x3 convolution, and residual units.

    Args:
        x: KerasTensor (B, H, W, C).
        width: channels of the last of the strided convolutions and behind it; of others, half.
        halvings: number of strided convolutions, 1 or more.
        units: number of residual units.
        unit_width: channels inside a unit.
        name: function from 1, 2, ... to the name of what each strided convolution gives; None for
            names of Keras.

    Returns:
        KerasTensor (B, H / 2^n, W / 2^n, width), n the number of halvings.
    """
    for number in range(1, halvings + 1):
        x = keras.layers.Conv2D(
            width if number == halvings else width // 2,
            4,
            2,
            padding="same",
            kernel_initializer="he_normal",
        )(x)
        x = keras.layers.ReLU(name=None if name is None else name(number))(x)
    x = keras.layers.Conv2D(width, 3, padding="same", kernel_initializer="he_normal")(x)
    return residual_units(x, units, unit_width)
