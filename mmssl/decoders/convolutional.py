"""A convolutional decoder from a feature map to scores at each pixel."""

import keras


def conv_decoder(features, width: int, depth: int, upsampling: int, outputs: int) -> keras.Model:
    """Builds the way from a feature map to scores at each output pixel.

    Args:
        features: KerasTensor (None, H, W, C), the map that the decoder reads.
        width: channels of the decoder's convolutions.
        depth: 3x3 convolutions before the last one, 0 for a linear decoder.
        upsampling: output pixels a feature pixel, 1 or more, along each side.
        outputs: scores an output pixel.

    Returns:
        keras.Model from (B, H, W, C) to (B, H * upsampling, W * upsampling, outputs).
    """
    inputs = x = keras.Input(features.shape[1:])
    if upsampling > 1:
        x = keras.layers.Conv2DTranspose(
            width, 2 * upsampling, upsampling, padding="same", activation="relu"
        )(x)
    for _ in range(depth):
        x = keras.layers.Conv2D(
            width, 3, padding="same", activation="relu", kernel_initializer="he_normal"
        )(x)
    scores = keras.layers.Conv2D(outputs, 1, dtype="float32")(x)
    return keras.Model(inputs, scores, name="conv_decoder")
