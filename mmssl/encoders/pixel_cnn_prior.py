"""PixelCNN over a map of codes, which may be told the codes of the map above."""

import keras

from mmssl.encoders.parts.raster import check_sizes, first_layer, raster_model
from mmssl.encoders.pixel_cnn import masked_blocks
from mmssl.layers import CodeVectors


def pixel_cnn_prior_encoder(
    code_shape: tuple[int, int] = (8, 8),
    entries: int = 512,
    upper_shape: tuple[int, int] | None = None,
    vector_width: int = 64,
    width: int = 128,
    depth: int = 15,
    kernel_size: int = 3,
    grid: int = 2,
) -> keras.Model:
    """Builds PixelCNN over codes, without its output layers: features of the codes before each.

    The map above is seen whole, at every code: its vectors pass a 3x3 convolution, are repeated to
    the size of the map below, pass another, and are added behind the first masked layer.

    Args:
        code_shape: rows and columns of the map.
        entries: number of values of a code, in both maps.
        upper_shape: rows and columns of the map above, which divide those of the map; None for no
            such map.
        vector_width: width of the vectors of codes, which are learned anew.
        width: see `pixel_cnn_encoder`, as for the next three.
        depth: number of residual blocks.
        kernel_size: of the convolution inside a block.
        grid: cells per side of the embedding.

    Returns:
        keras.Model from `codes` int32 (B, H, W), and `upper_codes` int32 (B, h, w) if there are, to
        `features` (B, H, W, 2 * width) and `embedding` (B, grid * grid * 2 * width).

    Raises:
        ValueError: a size is out of range, or the map above does not divide the map.

    Reference:
        van den Oord, Vinyals, Kavukcuoglu 2017, arXiv 1711.00937; Razavi, van den Oord, Vinyals
        2019, arXiv 1906.00446.
    """
    sizes = {"entries": entries, "vector_width": vector_width, "width": width, "depth": depth}
    check_sizes("pixel_cnn_prior_encoder", **sizes)
    codes = keras.Input(tuple(code_shape), dtype="int32", name="codes")
    inputs = {"codes": codes}
    vectors = CodeVectors(entries, vector_width, name="pixels")(codes)
    x = first_layer(vectors, 2 * width, 1)
    if upper_shape is not None:
        above = keras.Input(tuple(upper_shape), dtype="int32", name="upper_codes")
        inputs["upper_codes"] = above
        told = _told(above, entries, vector_width, 2 * width, code_shape)
        x = keras.layers.Add(name="conditioned")([x, told])
    x = masked_blocks(x, width, depth, kernel_size)
    return raster_model(inputs, x, grid, "pixel_cnn_prior_encoder")


def _told(codes, entries, vector_width, width, shape):
    """What the map above tells each place of the map below: (B, H, W, width)."""
    rows, columns = codes.shape[1:]
    if shape[0] % rows or shape[1] % columns:
        raise ValueError(
            f"pixel_cnn_prior_encoder(upper_shape={(rows, columns)}) must divide code_shape="
            f"{tuple(shape)}."
        )
    times = shape[0] // rows, shape[1] // columns
    x = keras.layers.Embedding(entries, vector_width, name="upper_vectors")(codes)
    x = keras.layers.Conv2D(width, 3, padding="same", activation="relu")(x)
    x = keras.layers.UpSampling2D(times)(x)
    return keras.layers.Conv2D(width, 3, padding="same", name="condition")(x)
