"""Diagonal BiLSTM: recurrent networks along both diagonals of a picture."""

import keras

from mmssl.encoders.parts.raster import (
    check_sizes,
    first_layer,
    raster_model,
    raster_pictures,
    recurrent_blocks,
)
from mmssl.layers import DiagonalBiLSTM


def diagonal_bilstm_encoder(
    size: int = 28,
    gray: bool = True,
    levels: int = 256,
    units: int = 128,
    depth: int = 12,
    grid: int = 2,
) -> keras.Model:
    """Builds the Diagonal BiLSTM without its output layers: features of all pixels before each.

    Args:
        size: height and width of the images in pixels.
        gray: average the three channels; else each pixel has three values, red first.
        levels: of intensity, that pixels are rounded to, 2 to 256.
        units: channels of the recurrent layers' states; twice as many between the layers.
        depth: number of recurrent layers, each a block with a residual connection.
        grid: the embedding concatenates the averages over `grid` x `grid` cells of the last map.

    Returns:
        keras.Model from `images` float32 (B, size, size, 3) in [0, 1] to `features`
        (B, size, size, 2 * units) and `embedding` (B, grid * grid * 2 * units).

    Raises:
        ValueError: a size is out of range.

    Reference:
        van den Oord, Kalchbrenner, Kavukcuoglu 2016, arXiv 1601.06759.
    """
    check_sizes("diagonal_bilstm_encoder", size=size, units=units, depth=depth)
    inputs, pixels = raster_pictures(size, gray, levels)
    groups = pixels.shape[-1]
    x = first_layer(pixels, 2 * units, groups)
    x = recurrent_blocks(x, DiagonalBiLSTM, units, depth, groups)
    return raster_model(inputs, x, grid, "diagonal_bilstm_encoder")
