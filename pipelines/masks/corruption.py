"""Corruption of arrays of any shape: Gaussian noise, masking, salt and pepper."""

from typing import Literal

import tensorflow as tf

from mmssl.choices import check_choices

Corruption = Literal["none", "gaussian", "masking", "salt_and_pepper"]


def check_corruption(corruption: Corruption, amount):
    """Checks the settings of `corrupt`.

    Args:
        corruption: its name.
        amount: see `corrupt`.

    Raises:
        ValueError: the corruption is unknown, or the amount does not fit it.
    """
    check_choices(check_corruption, corruption=corruption)
    if amount < 0 or (corruption != "gaussian" and amount > 1):
        raise ValueError(
            f"amount={amount} must be 0 or more, and for {corruption} at most 1, a share of the "
            "values"
        )


def corrupt(x, corruption: Corruption, amount, key, exact=False):
    """Corrupts an array.

    Args:
        x: float32 tensor of any shape, in [0, 1].
        corruption: `gaussian` adds noise to all values; `masking` sets some to 0;
            `salt_and_pepper` sets some to 0 or 1, as a fair coin falls; `none`.
        amount: standard deviation of the noise, or the share of values that are set, 0 to 1.
        key: int64 (2,), the seed.
        exact: whether exactly that share is set; else each value by itself.

    Returns:
        Pair of float32 tensors of x's shape: the corrupted array, and 1 for values that were chosen
        to be corrupted, even those that came out as they were, and 0 for others. Noise chooses all,
        and so does `none`, as there is nothing to tell apart.
    """
    if corruption == "none":
        return x, tf.ones_like(x)
    choice_key, coin_key = tf.unstack(tf.random.experimental.stateless_split(key, 2))
    if corruption == "gaussian":
        return x + amount * tf.random.stateless_normal(tf.shape(x), choice_key), tf.ones_like(x)
    chosen = _chosen(tf.shape(x), amount, choice_key, exact)
    if corruption == "masking":
        return tf.where(chosen, 0.0, x), tf.cast(chosen, tf.float32)
    coin = tf.random.stateless_uniform(tf.shape(x), coin_key) < 0.5
    return tf.where(chosen, tf.cast(coin, tf.float32), x), tf.cast(chosen, tf.float32)


def _chosen(shape, share, key, exact):
    """Draws which values are corrupted, a bool tensor."""
    draws = tf.random.stateless_uniform(shape, key)
    if not exact:
        return draws < share
    flat = tf.reshape(draws, [-1])
    count = tf.cast(tf.round(share * tf.cast(tf.size(flat), tf.float32)), tf.int32)
    rank = tf.argsort(tf.argsort(flat))
    return tf.reshape(rank < count, shape)
