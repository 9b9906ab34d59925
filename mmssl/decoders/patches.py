"""The transformer decoder of MAE, which reconstructs masked patches from visible ones."""

import keras

from mmssl.encoders.parts.transformer_blocks import transformer_blocks
from mmssl.layers import FillGaps, PatchPositions


def patch_decoder(
    features: int,
    columns: int,
    values: int,
    class_tokens: int = 1,
    width: int = 512,
    depth: int = 8,
    num_heads: int = 16,
    mlp_dim: int = 2048,
) -> keras.Model:
    """Builds the decoder of MAE: pre-norm transformer blocks over all patches of a picture.

        x = fill(linear(features of visible patches)) + positions;  values = linear(norm(blocks(x)))

    A learned vector, the same everywhere, takes the place of masked patches; fixed sines and
    cosines tell where each stands. Class tokens take part, without a position and a prediction.

    Args:
        features: channels of the encoder's features.
        columns: patches of a row; there may be any number of rows.
        values: of a patch to predict, such as 768 for the pixels of 16 x 16 in color.
        class_tokens: number of tokens before the patches, 0 or more.
        width: of the blocks, a multiple of `num_heads` and of 4.
        depth: number of blocks, 1 or more.
        num_heads: attention heads per block.
        mlp_dim: hidden width of the feed-forward network.

    Returns:
        keras.Model from a dict of `features` (N, class_tokens + V, features), and the positions
        `visible` int32 (N, V) and `masked` int32 (N, T - V), to float32 (N, T, values).

    Raises:
        ValueError: the width is not such a multiple, or depth is below 1.

    Reference:
        He et al. 2021, arXiv 2111.06377.
    """
    if width % num_heads or width % 4 or depth < 1:
        raise ValueError(
            "patch_decoder needs a width that is a multiple of num_heads and of 4, and a depth of "
            f"1 or more; got width={width}, num_heads={num_heads} and depth={depth}."
        )
    inputs = {
        "features": keras.Input((None, features), name="features"),
        "visible": keras.Input((None,), dtype="int32", name="visible"),
        "masked": keras.Input((None,), dtype="int32", name="masked"),
    }
    x = keras.layers.Dense(width, kernel_initializer="glorot_uniform", name="embed")(
        inputs["features"]
    )
    classes, seen = x[:, :class_tokens], x[:, class_tokens:]
    x = FillGaps(name="fill")([seen, inputs["visible"], inputs["masked"]])
    x = PatchPositions(columns, name="positions")(x)
    x = keras.layers.Concatenate(axis=1)([classes, x])
    x = transformer_blocks(x, None, depth, num_heads, mlp_dim)
    x = keras.layers.LayerNormalization(epsilon=1e-6, name="norm")(x)
    predict = keras.layers.Dense(values, name="predict", dtype="float32")
    return keras.Model(inputs, predict(x[:, class_tokens:]), name="decoder")
