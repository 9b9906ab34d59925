"""Which tokens each of several students of one teacher sees, the same number for every one."""

import tensorflow as tf

NOISE_KEYS = 2**31 - 1  # keys lie below


def visible_set(rough, count, key):
    """Corrects rough draws of what is visible to an exact number of tokens.

    Where a draw shows too many tokens, random ones of them are hidden; where too few, random
    hidden ones are shown.

    Args:
        rough: bool tensor (M, T), a draw a student, True where visible.
        count: V, tokens that each student sees, int from 1 to T - 1.
        key: int (2,), the seed.

    Returns:
        Dict of int32 tensors: visible (M, V) and masked (M, T - V), places in rising order, which
        together are 0 to T - 1; noise (M, T - V), keys of the noise that stands in for masked
        tokens, from 0 to below 2**31 - 1.
    """
    order_key, noise_key = tf.unstack(tf.random.experimental.stateless_split(key, 2))
    chance = tf.random.stateless_uniform(rough.shape, order_key)
    order = tf.argsort(tf.cast(rough, tf.float32) + chance, direction="DESCENDING")
    masked = tf.sort(order[:, count:])
    noise = tf.random.stateless_uniform(masked.shape, noise_key, 0, NOISE_KEYS, tf.int32)
    return {"visible": tf.sort(order[:, :count]), "masked": masked, "noise": noise}


def check_num_masks(num_masks):
    """Refuses fewer sets of visible tokens than one."""
    if num_masks < 1:
        raise ValueError(f"num_masks={num_masks} must be 1 or more")


def visible_count(tokens, mask_ratio):
    """Tells how many tokens are visible: the whole part of tokens * (1 - mask_ratio).

    Args:
        tokens: T, 2 or more.
        mask_ratio: share to hide, above 0 and below 1.

    Returns:
        int from 1 to T - 1.

    Raises:
        ValueError: nothing would be visible, or nothing hidden.
    """
    # What is whole in decimals may lie a hair below in floats.
    count = int(tokens * (1.0 - mask_ratio) + 1e-6)
    if not 1 <= count < tokens:
        raise ValueError(
            f"mask_ratio={mask_ratio} leaves {count} of {tokens} tokens visible: it must leave "
            "some visible and some hidden"
        )
    return count
