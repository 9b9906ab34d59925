"""A convolutional decoder from a feature map to logits at each pixel."""

import keras


def conv_decoder(features, width: int, depth: int, upsampling: int, outputs: int) -> keras.Model:
    """Builds a decoder from a feature map to logits at each output pixel.

    Args:
        features: KerasTensor (None, H, W, C), the input feature map.
        width: channels of the decoder's convolutions.
        depth: number of 3x3 convolutions before the final 1x1 convolution; 0 for none.
        upsampling: factor by which height and width grow, 1 or more.
        outputs: number of logits per output pixel.

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
