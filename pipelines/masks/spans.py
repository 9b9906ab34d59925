"""Spans of frames or tokens to mask: one mask per example, or any number."""

import tensorflow as tf


def frame_spans(num_frames, span, num_spans, num_masks, key):
    """Draws spans of equal length that start anywhere they fit; they may overlap.

    Args:
        num_frames: T, length of the sequence, `span` or more.
        span: frames per span, 1 or more.
        num_spans: spans per mask, up to T - span + 1; no two start at the same frame.
        num_masks: M, number of masks.
        key: int (2,), the seed.

    Returns:
        bool tensor (M, T), True where masked.
    """
    order = tf.random.stateless_uniform([num_masks, num_frames - span + 1], key)
    starts = tf.argsort(order)[:, :num_spans, None]
    position = tf.range(num_frames)
    return tf.reduce_any((position >= starts) & (position < starts + span), axis=1)


def span_mask(frames, key, mask_ratio, span, min_masks=1):
    """Masks spans of frames, which may overlap.

    Of n frames inside the recording, max(min_masks, floor(mask_ratio * n / span + u)) start a
    span, u uniform in [0, 1): drawn without replacement from those where a whole span fits, as in
    fairseq; the paper draws each frame with probability mask_ratio / span. In a recording of at
    most `span` frames, spans are one frame shorter than the recording. If the spans would mask
    everything, only the first one drawn is kept, so some frame is always visible.

    Args:
        frames: int32 (F,), 1 for frames inside the recording, which come first.
        key: int64 (2,), seed of the stateless draws.
        mask_ratio: fraction that the spans would mask if none overlapped.
        span: frames per span.
        min_masks: minimum number of spans.

    Returns:
        bool (F,), True where masked; all False if fewer than two frames are inside.
    """
    size = frames.shape[0]
    count_key, start_key = tf.unstack(tf.random.split(key, 2))
    inside = tf.reduce_sum(frames)
    length = tf.maximum(tf.minimum(span, inside - 1), 0)
    wanted = mask_ratio * tf.cast(inside, tf.float32) / span
    count = tf.cast(wanted + tf.random.stateless_uniform([], count_key), tf.int32)
    count = tf.maximum(min_masks, count)

    positions = tf.range(size)
    order = tf.random.stateless_uniform([size], start_key)
    order = tf.where(positions <= inside - length, order, 2.0)
    rank = tf.argsort(tf.argsort(order))
    fits = (positions <= inside - length) & (length > 0)
    mask = _spread(fits & (rank < count), length)
    alone = _spread(fits & (rank == 0), length)
    return tf.where(tf.reduce_sum(tf.cast(mask, tf.int32)) < inside, mask, alone)


def _spread(starts, length):
    """Marks `length` frames from each start on."""
    before = tf.cumsum(tf.cast(starts, tf.int32))
    ended = tf.maximum(tf.range(starts.shape[0]) - length, -1)
    return before > tf.where(ended < 0, 0, tf.gather(before, tf.maximum(ended, 0)))


def span_count(num_frames, span, mask_ratio):
    """Returns how many spans data2vec 2.0 draws: p * T / span, rounded.

    Args:
        num_frames: T.
        span: frames per span.
        mask_ratio: p, the fraction that the spans would mask if none overlapped.

    Returns:
        int.
    """
    return round(mask_ratio * num_frames / span)


def expected_mask_ratio(span, mask_ratio):
    """Returns the fraction that such spans mask on average: 1 - (1 - p / span)^span.

    Overlaps are counted once.

    Args:
        span: frames per span.
        mask_ratio: p, the fraction that the spans would mask if none overlapped.

    Returns:
        float.
    """
    return 1.0 - (1.0 - mask_ratio / span) ** span
