"""An encoder that sees each patch of an image by itself."""

import keras

from mmssl.encoders.parts.stages import at_size
from mmssl.encoders.small_conv import small_conv_encoder
from mmssl.layers.patches import OverlappingPatches, PatchMap


def patch_grid_encoder(
    size: int = 32,
    patch_size: int = 8,
    stride: int = 4,
    encoder: keras.Model | None = None,
) -> keras.Model:
    """Builds an encoder that embeds overlapping patches one by one, and averages their vectors.

    Args:
        size: height and width of the images in pixels.
        patch_size: height and width of a patch, at most `size`.
        stride: pixels from one patch to the next; half a patch in CPC.
        encoder: keras.Model of `images` (B, S, S, 3), whose architecture patches get, with first
            weights of its own. None for `small_conv_encoder(channels=[32, 64, 64], norm="layer")`
            with strides of 1, 2 and 2. Batch norm would let a patch see others.

    Returns:
        keras.Model from `images` float32 (B, size, size, 3) in [0, 1] to `features`
        (B, grid, grid, D), the embedding of each patch, grid = (size - patch_size) // stride + 1,
        and `embedding` (B, D), their mean. It has one block.

    Raises:
        ValueError: an argument is out of range, or the encoder does not fit.

    Reference:
        van den Oord, Li, Vinyals 2018, arXiv 1807.03748; Hénaff et al. 2019, arXiv 1905.09272.
    """
    if not 1 <= patch_size <= size or stride < 1:
        raise ValueError(
            f"patch_grid_encoder(patch_size={patch_size}) must lie between 1 and size={size}, and "
            f"stride={stride} be 1 or more."
        )
    if encoder is None:
        encoder = small_conv_encoder(patch_size, (32, 64, 64), (1, 2, 2), norm="layer")
    if list(encoder.input) != ["images"] or encoder.input["images"].shape[-1] != 3:
        raise ValueError(
            "patch_grid_encoder(encoder=...) must be an encoder of `images` with three channels; "
            f"got {encoder.name}."
        )
    images = keras.Input((size, size, 3), dtype="float32", name="images")
    patches = OverlappingPatches(patch_size, stride, name="patches", dtype="float32")(images)
    of_patch = keras.models.clone_model(at_size(encoder, patch_size), clone_function=_renamed)
    vectors = of_patch.call({"images": patches})["embedding"]
    features = PatchMap((size - patch_size) // stride + 1, name="block_1", dtype="float32")(vectors)
    embedding = keras.layers.GlobalAveragePooling2D(name="pool", dtype="float32")(features)
    return keras.Model(
        {"images": images}, {"features": features, "embedding": embedding}, name="patch_grid"
    )


def _renamed(layer):
    return type(layer).from_config({**layer.get_config(), "name": f"patch_{layer.name}"})
