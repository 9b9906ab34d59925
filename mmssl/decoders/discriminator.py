"""The discriminator of images in adversarial training."""

import keras

from mmssl.encoders.parts.strided_blocks import check_halving, normal_initializer, strided_blocks


def dcgan_discriminator(size: int, channels: tuple[int, ...]) -> keras.Model:
    """Builds DCGAN's discriminator: strided convolutions and one logit.

    Args:
        size: height and width of the images in pixels, a multiple of 2 to the number of blocks.
        channels: width of each block.

    Returns:
        keras.Model from float32 (B, size, size, 3) in [-1, 1] to the logit (B, 1) of being real.

    Raises:
        ValueError: the size cannot be halved once per block.
    """
    check_halving("dcgan_discriminator", size, channels)
    images = keras.Input((size, size, 3), dtype="float32")
    x = keras.layers.Flatten()(strided_blocks(images, channels))
    logit = keras.layers.Dense(1, kernel_initializer=normal_initializer(), dtype="float32")(x)
    return keras.Model(images, logit, name="discriminator")
