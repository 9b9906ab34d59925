"""Stacks of 3x3 convolutions."""

import keras


def convolutions(x, width, depth, stride, dilation):
    """Applies 3x3 convolutions with ReLU, the stride on the last one.

    Args:
        x: KerasTensor (B, H, W, C).
        width: channels of each convolution.
        depth: number of convolutions, 1 or more.
        stride: of the last one.
        dilation: of all of them; 1 where the stride is above 1.

    Returns:
        KerasTensor (B, H / stride, W / stride, width).
    """
    for convolution in range(depth):
        x = keras.layers.Conv2D(
            width,
            3,
            strides=stride if convolution == depth - 1 else 1,
            dilation_rate=dilation,
            padding="same",
            activation="relu",
            kernel_initializer="he_normal",
        )(x)
    return x
