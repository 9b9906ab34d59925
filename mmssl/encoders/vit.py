"""Vision transformers."""

from typing import Literal

import keras

from mmssl.choices import check_choices
from mmssl.encoders.parts.pixels import DEVIATION, MEAN
from mmssl.encoders.parts.transformer_blocks import transformer_blocks
from mmssl.layers import ClassToken, GridPositions, PositionIds, RelativePositionBias, TokenPooling


def vit_encoder(
    size: int = 224,
    patch_size: int = 16,
    width: int = 768,
    depth: int = 12,
    num_heads: int = 12,
    mlp_dim: int = 3072,
    dropout: float = 0.0,
    drop_path: float = 0.0,
    layer_scale: float | None = None,
    norm: Literal["pre", "post"] = "pre",
    positions: Literal["fixed", "learned", "relative"] = "fixed",
    class_token: bool = True,
    pool: Literal["mean", "token"] = "mean",
    grid: int = 1,
) -> keras.Model:
    """Builds a vision transformer: patch embedding, positions, class token, transformer blocks.

    Absolute positions adapt to other image sizes, as `mmssl.encoders.at_size` requires; relative
    ones, as in BEiT and data2vec 1.0, do not.

    Args:
        size: height and width of the images in pixels, a multiple of `patch_size`.
        patch_size: height and width of a patch in pixels.
        width: width of the tokens and of the embedding; a multiple of `num_heads` and of 4.
        depth: number of blocks.
        num_heads: attention heads per block.
        mlp_dim: hidden width of the feed-forward network.
        dropout: rate in [0, 1), on the tokens and inside the blocks.
        drop_path: rate in [0, 1) of stochastic depth in the last block; rises linearly from 0 in
            the first.
        layer_scale: initial value of the learned scales of the residual branches, such as 1e-4;
            None for none.
        norm: where blocks have their layer norms: `pre`, or `post` as in data2vec 2.0.
        positions: `fixed` sines and cosines or `learned` embeddings, added to the patches, see
            GridPositions; `relative`, an attention bias shared by all blocks, see
            RelativePositionBias.
        class_token: whether to prepend a class token to the patches.
        pool: the embedding is the `mean` of the patches or the class `token`.
        grid: with `mean`, the embedding concatenates the means of `grid` x `grid` cells of the
            image.

    Returns:
        keras.Model from `images` float32 (B, size, size, 3) in [0, 1], sRGB, to `features`
        (B, T, width), T counting the patches and the class token, and `embedding` (B, width), with
        a grid (B, grid * grid * width). For the layers `tokens`, `positioned`, `block_k` and
        `block_k_feed_forward` see `mmssl.encoders.parts.stages`.

    Raises:
        ValueError: a size is not a multiple of another, a choice is unknown, or there is no class
            token to pool.

    Reference:
        Dosovitskiy et al. 2020, arXiv 2010.11929.
    """
    check_choices(vit_encoder, norm=norm, positions=positions, pool=pool)
    _check(size, patch_size, width, num_heads, class_token, pool, grid)
    images = keras.Input((size, size, 3), dtype="float32", name="images")
    x = keras.layers.Rescaling(
        [1 / d for d in DEVIATION],
        [-m / d for m, d in zip(MEAN, DEVIATION, strict=True)],
        name="pixels",
    )(images)
    # Initialized like a dense layer on a patch's pixels: Keras counts all positions of the kernel
    # into a convolution's fan-out, and the positions would drown out the images.
    limit = (6 / (3 * patch_size**2 + width)) ** 0.5
    uniform = keras.initializers.RandomUniform(-limit, limit)
    x = keras.layers.Conv2D(
        width, patch_size, patch_size, kernel_initializer=uniform, name="patches"
    )(x)
    x = keras.layers.Reshape((-1, width), name="tokens")(x)
    if positions != "relative":
        x = GridPositions(size // patch_size, positions, name="positions")(x)
    if class_token:
        x = ClassToken(name="class_token")(x)
    if norm == "post":
        x = keras.layers.LayerNormalization(epsilon=1e-6, name="stem_norm")(x)
    x = keras.layers.Dropout(dropout, name="positioned")(x)
    bias = None
    if positions == "relative":
        position_ids = PositionIds((size // patch_size) ** 2 + class_token, name="position_ids")(x)
        bias = RelativePositionBias(size // patch_size, num_heads, class_token, name="bias")(
            position_ids
        )
    x = transformer_blocks(
        x, None, depth, num_heads, mlp_dim, norm, dropout, drop_path, layer_scale, bias=bias
    )
    if norm == "pre":
        x = keras.layers.LayerNormalization(epsilon=1e-6, name="norm")(x)
    embedding = TokenPooling(pool, class_token, grid, name="pool", dtype="float32")(x)
    return keras.Model(
        {"images": images}, {"features": x, "embedding": embedding}, name="vit_encoder"
    )


def _check(size, patch_size, width, num_heads, class_token, pool, grid):
    if size % patch_size:
        raise ValueError(
            f"vit_encoder(size={size}) must be a multiple of patch_size={patch_size} pixels."
        )
    if width % num_heads or width % 4:
        raise ValueError(
            f"vit_encoder(width={width}) must be a multiple of num_heads={num_heads} and of 4."
        )
    if pool == "token" and not class_token:
        raise ValueError("vit_encoder(pool='token') needs class_token=True.")
    if not 1 <= grid <= size // patch_size or (grid > 1 and pool == "token"):
        raise ValueError(
            f"vit_encoder(grid={grid}) must be between 1 and the {size // patch_size} patches per "
            "side, and above 1 only with pool='mean'."
        )
