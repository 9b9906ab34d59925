"""Distractors: other masked frames of the same row."""

import tensorflow as tf


def distractors(mask, draws):
    """Draws, for each masked frame, other masked frames of its row, with replacement.

    Args:
        mask: int32 (B, F), 1 for masked frames.
        draws: float32 (B, F, K), uniform in [0, 1).

    Returns:
        int32 (B, F, K), frames. Where there is no other masked frame, and at frames that are not
        masked, it is the frame itself.
    """
    frames = tf.shape(mask)[1]
    count = tf.reduce_sum(mask, axis=1)[:, None, None]
    # Masked frames come first, in order, and a frame's rank is its place among them.
    masked = tf.argsort(1 - mask, axis=1, stable=True)
    rank = tf.cumsum(mask, axis=1, exclusive=True)[..., None]
    others = tf.maximum(count - 1, 0)
    drawn = tf.cast(draws * tf.cast(others, tf.float32), tf.int32)
    drawn = tf.minimum(drawn, tf.maximum(others - 1, 0))
    chosen = tf.gather(masked, drawn + tf.cast(drawn >= rank, tf.int32), batch_dims=1)
    possible = (mask[..., None] > 0) & (others > 0)
    return tf.where(possible, chosen, tf.range(frames)[:, None])
