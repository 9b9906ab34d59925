"""An encoder that sees only some tokens of each example, as in MAE and data2vec 2.0."""

import math

import keras
from keras import ops

from mmssl.encoders.parts.stages import stage_output
from mmssl.layers import gather_tokens


def encode_visible(positions, context, local, visible, class_tokens, training=False):
    """Runs the blocks of an encoder over the visible tokens alone.

    Positions are added to all tokens before, so a token keeps its own.

    Args:
        positions: keras.Model, the stage of that name, see `mmssl.encoders.parts.stages`.
        context: keras.Model, likewise.
        local: dict of the outputs of the stage `local`, of all T tokens.
        visible: int32 (B, M, V), M lists of positions for every example.
        class_tokens: number of tokens before these T; they are always visible.
        training: whether dropout is on.

    Returns:
        (B * M, class_tokens + V, C), the M lists of an example next to each other.
    """
    classes = ops.broadcast_to(
        ops.arange(class_tokens, dtype="int32"), (*ops.shape(visible)[:2], class_tokens)
    )
    position_ids = ops.concatenate([classes, visible + class_tokens], axis=-1)
    whole = positions(local, training=training)
    seen = {"positioned": gather_tokens(whole["positioned"], position_ids)}
    if "token_mask" in whole:
        seen["token_mask"] = gather_mask(local["token_mask"], visible)
    if "position_ids" in whole:
        seen["position_ids"] = merge_lists(position_ids)
    return context(seen, training=training)["features"]


def gather_mask(token_mask, position_ids):
    """Gathers entries of a mask (B, T) at positions (B, M, P): (B * M, P)."""
    return gather_tokens(token_mask[..., None], position_ids)[..., 0]


def masked_weights(token_mask, batch):
    """Tells masked tokens (1) from masked padding (0).

    Args:
        token_mask: keras.Model from an encoder's inputs to its `token_mask`; None where every
            token counts.
        batch: dict with these inputs, and `masked` int32 (B, M, P).

    Returns:
        float32 (B * M, P).
    """
    if token_mask is None:
        return ops.ones(ops.shape(merge_lists(batch["masked"])), "float32")
    counted = token_mask({name: batch[name] for name in token_mask.input})
    return ops.cast(gather_mask(counted, batch["masked"]), "float32")


def mask_model(encoder, local):
    """Builds the model that tells which tokens count.

    Args:
        encoder: keras.Model with stages.
        local: its stage of that name.

    Returns:
        keras.Model from the encoder's inputs to int32 (B, T); None where every token counts.
    """
    if "token_mask" not in local.output:
        return None
    return keras.Model(encoder.input, local.output["token_mask"], name="token_mask")


def merge_lists(x):
    """Merges the first two axes: (B, M, ...) to (B * M, ...)."""
    return ops.reshape(x, (-1, *ops.shape(x)[2:]))


def count_class_tokens(encoder):
    """Counts the tokens that an encoder with stages puts before those of its input."""
    tokens, positioned = (stage_output(encoder, name) for name in ("tokens", "positioned"))
    return (positioned.shape[1] or 0) - (tokens.shape[1] or 0)


def check_positions(tokens, visible, masked):
    """Checks that the positions of a batch are those of an encoder's tokens.

    Args:
        tokens: number of the encoder's tokens; None where it takes any.
        visible: number of visible positions.
        masked: number of masked positions.

    Raises:
        ValueError: they do not add up.
    """
    if tokens is not None and visible + masked != tokens:
        raise ValueError(
            f"The batch has {visible} visible and {masked} masked positions, but the encoder has "
            f"{tokens} tokens: data and encoder must agree on patch size, strides or length."
        )


def square_side(tokens):
    """Returns the side of the square grid that tokens form, or None if they form none.

    Args:
        tokens: their number; None where any number may come.
    """
    side = math.isqrt(tokens or 0)
    return side if tokens and side * side == tokens else None
