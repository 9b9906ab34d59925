"""A causal transformer over codes, conditioned on the codes of a level above and on labels."""

import math
from typing import Literal

import keras

from mmssl.choices import check_choices
from mmssl.encoders.parts.doublings import doubled
from mmssl.encoders.parts.positions import position_table
from mmssl.encoders.parts.tokens import check_heads
from mmssl.layers import FactoredMask, PreNormBlock, ShiftedCodes, StartLabels

ORDER = ("row", "column", "previous_row")


def code_transformer(
    entries: int = 2048,
    code_shape: tuple[int, ...] = (256,),
    width: int = 128,
    depth: int = 3,
    num_heads: int = 4,
    mlp_dim: int = 512,
    dropout: float = 0.0,
    attention: Literal["dense", "factored"] = "dense",
    row: int = 16,
    upper_shape: tuple[int, ...] | None = None,
    conditioner_width: int = 128,
    conditioner_depth: int = 4,
    conditioner_cycle: int = 8,
    labels: tuple[int, ...] = (),
) -> keras.Model:
    """Builds GPT-2's blocks over codes, each place of which sees the codes before it.

    Feature t is what code t is predicted from: it depends on the codes before it, not on itself. A
    map of codes is read row by row. With an `upper_shape`, the codes of the level above are
    embedded and brought to the rate of these codes by dilated residual units and transposed
    convolutions; the outcome is added before the blocks and after them.

    Args:
        entries: number of codes.
        code_shape: shape of the codes of an example.
        width: width of the model and of the embedding; a multiple of `num_heads`.
        depth: number of blocks.
        num_heads: attention heads per block.
        mlp_dim: hidden width of the feed-forward network.
        dropout: rate in [0, 1), on the embeddings, the attention weights and the residual branches.
        attention: `dense` lets each place see all before it, `factored` by turns, from block to
            block, those in its row, those in its column, and those of the previous row.
        row: places of a row for `factored`; divides the number of codes.
        upper_shape: shape of the codes of the level above, (T / r,) with r a power of 2, 2 or
            more; None for none.
        conditioner_width: channels of the units that read them.
        conditioner_depth: number of units before each doubling of the rate.
        conditioner_cycle: units after which the dilations 1, 3, 9, ... begin again.
        labels: number of labels of each kind, the unknown included; empty for none.

    Returns:
        keras.Model from `codes` int32 (B, *code_shape), and `upper_codes` int32 (B, *upper_shape)
        and `labels` int32 (B, kinds) where there are such, to `features` (B, T, width), T the
        number of codes, and `embedding` (B, width), their mean.

    Raises:
        ValueError: sizes do not fit, or the attention is unknown.

    Reference:
        Dhariwal et al. 2020, arXiv 2005.00341.
    """
    check_choices(code_transformer, attention=attention)
    check_heads("code_transformer", width, num_heads, "learned")
    length = math.prod(code_shape)
    inputs = {"codes": keras.Input(code_shape, dtype="int32", name="codes")}
    flat = keras.layers.Reshape((length,), name="flat")(inputs["codes"])
    x, above = ShiftedCodes(entries, width, name="shifted")(flat), None
    if labels:
        inputs["labels"] = keras.Input((len(labels),), dtype="int32", name="labels")
        x = StartLabels(labels, name="start_labels")([x, inputs["labels"]])
    if upper_shape is not None:
        inputs["upper_codes"] = keras.Input(upper_shape, dtype="int32", name="upper_codes")
        dilations = [3 ** (place % conditioner_cycle) for place in range(conditioner_depth)]
        conditioner = _conditioner(
            entries, upper_shape, length, width, conditioner_width, dilations
        )
        above = conditioner(inputs["upper_codes"])
        x = keras.layers.Add()([x, above])
    x = keras.layers.Add()([x, position_table(length)(x)])
    x = keras.layers.Dropout(dropout)(x)
    for number in range(depth):
        pattern = "dense" if attention == "dense" else ORDER[number % len(ORDER)]
        visible = FactoredMask(
            pattern,
            length,
            row if attention == "factored" else length,
            name=f"visible_{number + 1}",
        )(x)
        block = PreNormBlock(num_heads, mlp_dim, dropout, depth=depth, name=f"block_{number + 1}")
        x = block(x, visible)
    x = keras.layers.LayerNormalization(epsilon=1e-5, name="norm")(x)
    if above is not None:
        x = keras.layers.Add()([x, above])
    embedding = keras.layers.GlobalAveragePooling1D(name="pool", dtype="float32")(x)
    return keras.Model(inputs, {"features": x, "embedding": embedding}, name="code_transformer")


def _conditioner(entries, shape, length, width, inner, dilations):
    """Builds the model `conditioner`, from codes of the level above to (B, length, width)."""
    ratio = length / math.prod(shape)
    if len(shape) > 1 or ratio < 2 or not math.log2(ratio).is_integer():
        raise ValueError(
            f"code_transformer(upper_shape={list(shape)}) must have the number of codes, {length}, "
            "over a power of 2, 2 or more."
        )
    doublings = int(math.log2(ratio))
    codes = keras.Input(shape, dtype="int32")
    table = keras.layers.Embedding(
        entries, width, embeddings_initializer=keras.initializers.RandomNormal(stddev=0.02)
    )
    widths = [*(doublings - 1) * [inner], width]
    x = doubled(table(codes), widths, inner, dilations, inner)
    x = keras.layers.LayerNormalization(epsilon=1e-5)(x)
    return keras.Model(codes, x, name="conditioner")
