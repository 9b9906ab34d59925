"""What the collapse monitor of a run looks at."""

import numpy as np
import tensorflow as tf

VIEWED = 64  # items of which two views are kept in memory; a mean over more says no more


def watched_items(data, count):
    """Takes items of a run, evenly spaced, for data often lie sorted.

    Args:
        data: Pipeline, prepared.
        count: how many, at most all.

    Returns:
        tf.data.Dataset of dicts of encoder inputs, the same at each pass.
    """
    spread = np.linspace(0, len(data.items) - 1, count).astype(int)
    return data.examples(data.items.select(spread))


def watched_views(batches, names, count):
    """Takes two views of the first items that a run trains on, where its batches hold any.

    They are of one size: `images_1` and `images_2`, or `waveform_1` with `padding_mask_1` and so
    on.

    Args:
        batches: tf.data.Dataset of training batches, the same at each pass.
        names: of the encoder's inputs, such as `images`.
        count: of items, at most 64 are taken.

    Returns:
        tf.data.Dataset of dicts of encoder inputs, of which every two in a row are views of one
        item; None where there are no two views.
    """
    specs = [[batches.element_spec.get(f"{name}_{view}") for view in (1, 2)] for name in names]
    if any(first is None or first != second for first, second in specs):
        return None

    def in_pairs(batch):
        return {n: tf.stack([batch[f"{n}_1"], batch[f"{n}_2"]], axis=1) for n in names}

    rows = batches.map(in_pairs).unbatch().unbatch()
    return rows.take(2 * min(count, VIEWED)).batch(VIEWED).cache()
