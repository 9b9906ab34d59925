"""Sets of visible tokens, all of the same size, one for each student of a teacher."""

import tensorflow as tf

NOISE_KEYS = 2**31 - 1  # keys lie below


def visible_set(rough, count, key):
    """Adjusts rough draws of visible tokens to an exact number of tokens.

    Where a draw has too many visible tokens, random ones of them are masked; where it has too few,
    random masked ones are made visible.

    Args:
        rough: bool tensor (M, T), one draw per student, True where visible.
        count: V, number of tokens that each student sees, int from 1 to T - 1.
        key: int (2,), the seed.

    Returns:
        Dict of int32 tensors: visible (M, V) and masked (M, T - V), token indices in ascending
        order, which together are 0 to T - 1; noise (M, T - V), keys of the noise that replaces
        masked tokens, from 0 to below 2**31 - 1.
    """
    order_key, noise_key = tf.unstack(tf.random.experimental.stateless_split(key, 2))
    tiebreak = tf.random.stateless_uniform(rough.shape, order_key)
    order = tf.argsort(tf.cast(rough, tf.float32) + tiebreak, direction="DESCENDING")
    masked = tf.sort(order[:, count:])
    noise = tf.random.stateless_uniform(masked.shape, noise_key, 0, NOISE_KEYS, tf.int32)
    return {"visible": tf.sort(order[:, :count]), "masked": masked, "noise": noise}


def check_num_masks(num_masks):
    """Raises a ValueError unless num_masks is 1 or more."""
    if num_masks < 1:
        raise ValueError(f"num_masks={num_masks} must be 1 or more")


def visible_count(num_tokens, mask_ratio):
    """Returns the number of visible tokens: the integer part of num_tokens * (1 - mask_ratio).

    Args:
        num_tokens: T, 2 or more.
        mask_ratio: fraction to mask, above 0 and below 1.

    Returns:
        int from 1 to T - 1.

    Raises:
        ValueError: when no token would be visible, or none masked.
    """
    # A product that is an integer in decimal may be slightly below it in floating point.
    count = int(num_tokens * (1.0 - mask_ratio) + 1e-6)
    if not 1 <= count < num_tokens:
        raise ValueError(
            f"mask_ratio={mask_ratio} leaves {count} of {num_tokens} tokens visible: it must leave "
            "some visible and some masked"
        )
    return count
