"""Spans of frames to hide, any number of masks a recording."""

import tensorflow as tf


def frame_spans(frames, span, spans, masks, key):
    """Draws spans of equal length that start anywhere they fit; they may overlap.

    Args:
        frames: T, length of the sequence, `span` or more.
        span: frames of a span, 1 or more.
        spans: number of spans of a mask, up to T - span + 1; no two start at the same frame.
        masks: M, number of masks.
        key: int (2,), the seed.

    Returns:
        bool tensor (M, T), True where hidden.
    """
    chance = tf.random.stateless_uniform([masks, frames - span + 1], key)
    starts = tf.argsort(chance)[:, :spans, None]
    place = tf.range(frames)
    return tf.reduce_any((place >= starts) & (place < starts + span), axis=1)


def span_count(frames, span, mask_ratio):
    """Tells how many spans data2vec 2.0 draws: share * T / span, rounded.

    Args:
        frames: T.
        span: frames of a span.
        mask_ratio: p, the share that spans would hide if none overlapped.

    Returns:
        int.
    """
    return round(mask_ratio * frames / span)


def expected_mask_ratio(span, mask_ratio):
    """Tells what share such spans hide on average, overlaps counted once: 1 - (1 - p / span)^span.

    Args:
        span: frames of a span.
        mask_ratio: p, the share that spans would hide if none overlapped.

    Returns:
        float.
    """
    return 1.0 - (1.0 - mask_ratio / span) ** span
