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
