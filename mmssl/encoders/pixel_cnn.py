"""PixelCNN: masked convolutions over a picture."""

import keras

from mmssl.encoders.parts.raster import check_sizes, first_layer, raster_model, raster_pictures
from mmssl.layers import MaskedConv2D


def pixel_cnn_encoder(
    size: int = 28,
    gray: bool = True,
    levels: int = 256,
    width: int = 128,
    depth: int = 15,
    kernel_size: int = 3,
    grid: int = 2,
) -> keras.Model:
    """Builds PixelCNN without its output layers: features of the pixels before each.

    Stacked masked convolutions have a blind spot: they do not see all pixels to the right in the
    rows above.

    Args:
        size: height and width of the images in pixels.
        gray: average the three channels; else each pixel has three values, red first.
        levels: of intensity, that pixels are rounded to, 2 to 256.
        width: channels inside the blocks; twice as many between them.
        depth: number of residual blocks.
        kernel_size: rows and columns of the convolution inside a block, odd.
        grid: the embedding concatenates the averages over `grid` x `grid` cells of the last map.

    Returns:
        keras.Model from `images` float32 (B, size, size, 3) in [0, 1] to `features`
        (B, size, size, 2 * width) and `embedding` (B, grid * grid * 2 * width).

    Raises:
        ValueError: a size is out of range.

    Reference:
        van den Oord, Kalchbrenner, Kavukcuoglu 2016, arXiv 1601.06759.
    """
    check_sizes("pixel_cnn_encoder", size=size, width=width, depth=depth)
    inputs, pixels = raster_pictures(size, gray, levels)
    groups = pixels.shape[-1]
    x = masked_blocks(first_layer(pixels, 2 * width, groups), width, depth, kernel_size, groups)
    return raster_model(inputs, x, grid, "pixel_cnn_encoder")


def masked_blocks(x, width, depth, kernel_size=3, groups=1):
    """Applies residual blocks of masked convolutions, 1x1, `kernel_size` and 1x1.

    Args:
        x: KerasTensor (B, H, W, 2 * width).
        width: channels inside a block.
        depth: number of blocks, which are named `block_1` and so on.
        kernel_size: rows and columns, odd.
        groups: see `mmssl.layers.causal_mask`.

    Returns:
        KerasTensor of the same shape.
    """
    for number in range(1, depth + 1):
        y = x
        for filters, kernel, gain in (
            (width, 1, 1.0),
            (width, kernel_size, 1.0),
            (2 * width, 1, depth**-0.5),
        ):
            y = MaskedConv2D(filters, kernel, "B", groups, gain)(keras.layers.ReLU()(y))
        x = keras.layers.Add(name=f"block_{number}")([x, y])
    return x
