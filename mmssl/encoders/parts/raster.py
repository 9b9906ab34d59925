"""What encoders of pictures in raster order have in common: their input and their outputs.

Their first layer that is masked is given the output of the layer `pixels`, which knows the levels
and channels of a pixel; what comes behind it sees, at each pixel, those before it alone.
"""

import keras

from mmssl.layers import GridPooling, Intensities, MaskedConv2D

FIRST = 7  # rows and columns of the first kernel


def raster_pictures(size, gray, levels):
    """Creates the input of an encoder of pictures.

    Args:
        size: height and width in pixels.
        gray: whether a pixel has one value, the mean of its channels.
        levels: of intensity, 2 to 256.

    Returns:
        Pair of the dict of the inputs and the pixels (B, size, size, 1 or 3).
    """
    images = keras.Input((size, size, 3), dtype="float32", name="images")
    return {"images": images}, Intensities(levels, gray, name="pixels", dtype="float32")(images)


def first_layer(pixels, width, groups):
    """Applies the one masked convolution of kind A."""
    return MaskedConv2D(width, FIRST, "A", groups, name="first")(pixels)


def recurrent_blocks(x, layer, units, depth, groups):
    """Applies recurrent layers over a picture, each with a residual connection.

    Args:
        x: KerasTensor (B, H, W, 2 * units).
        layer: class of the recurrent layers, of (units, groups).
        units: channels of their states.
        depth: number of blocks, which are named `block_1` and so on.
        groups: see `mmssl.layers.causal_mask`.

    Returns:
        KerasTensor of the same shape.
    """
    for number in range(1, depth + 1):
        y = layer(units, groups)(x)
        y = MaskedConv2D(2 * units, 1, "B", groups, depth**-0.5)(y)
        x = keras.layers.Add(name=f"block_{number}")([x, y])
    return x


def raster_model(inputs, x, grid, name):
    """Builds the encoder, whose embedding is the last map, averaged over cells."""
    pooled = GridPooling(grid, name="pool", dtype="float32")(x)
    return keras.Model(inputs, {"features": x, "embedding": pooled}, name=name)


def check_sizes(function, **sizes):
    """Raises a ValueError unless all sizes are 1 or more."""
    for name, size in sizes.items():
        if size < 1:
            raise ValueError(f"{function}({name}=...) must be 1 or more; got {size}.")
