"""Spans of frames to mask, any number of masks per recording."""

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
