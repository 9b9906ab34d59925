"""DCGAN's strided convolutions as an encoder (Radford, Metz, Chintala 2015, arXiv 1511.06434)."""

import keras

from mmssl.encoders.parts.strided_blocks import check_halving, strided_blocks
from mmssl.layers import GridPooling


def dcgan_encoder(
    size: int = 128, channels: tuple[int, ...] = (64, 64, 128, 256, 512), grid: int = 2
) -> keras.Model:
    """Builds the encoder of the context encoder: blocks of one convolution with stride 2.

    Kernels are 4x4, with batch norm in all blocks but the first, and leaky ReLU of slope 0.2.

    Args:
        size: height and width of the images in pixels, a multiple of 2 to the number of blocks.
        channels: width of each block.
        grid: the embedding concatenates the averages over `grid` x `grid` cells of the last map.

    Returns:
        keras.Model from `images` float32 (B, size, size, 3) in [0, 1] to `features`
        (B, size / 2^n, size / 2^n, channels[-1]), n the number of blocks, and `embedding`
        (B, grid * grid * channels[-1]).

    Raises:
        ValueError: the size cannot be halved once per block.

    Reference:
        Pathak, Krähenbühl, Donahue, Darrell, Efros 2016, arXiv 1604.07379.
    """
    check_halving("dcgan_encoder", size, channels)
    images = keras.Input((size, size, 3), dtype="float32", name="images")
    x = strided_blocks(keras.layers.Rescaling(2.0, -1.0)(images), channels)
    embedding = GridPooling(grid, name="pool", dtype="float32")(x)
    return keras.Model(
        {"images": images}, {"features": x, "embedding": embedding}, name="dcgan_encoder"
    )
