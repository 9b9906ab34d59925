"""The examples and views that the collapse monitor of a run embeds."""

import numpy as np
import tensorflow as tf

from mmssl.pipelines.elements import mapped
from mmssl.pipelines.reader import BATCH

VIEWED, VIEWED_BYTES = 64, 2**26  # items whose views are cached, and more while they fit in these


def watched_items(data, count):
    """Takes training items of a run, evenly spaced, since data are often sorted.

    They are as long as those trained on, and no more of them are in a batch, so that whatever can
    be trained can be watched.

    Args:
        data: Pipeline, prepared.
        count: number of items, at most all.

    Returns:
        tf.data.Dataset of dicts of encoder inputs, the same at each pass.
    """
    spread = np.linspace(0, len(data.items) - 1, count).astype(int)
    return data.middles(data.items.select(spread), min(data.batch_size, BATCH))


def watched_views(batches, names, count):
    """Takes two views of the first training items of a run, if its batches contain views.

    The views have the same shape: `images_1` and `images_2`, or `waveform_1` with `padding_mask_1`
    and so on.

    Args:
        batches: tf.data.Dataset of training batches, the same at each pass.
        names: names of the encoder's inputs, such as `images`.
        count: number of items; at most 64 are taken, or as many as fit in 64 MB.

    Returns:
        tf.data.Dataset of dicts of encoder inputs, in which every two consecutive examples are
        views of one item; None if there are no two views.
    """
    specs = [[batches.element_spec.get(f"{name}_{view}") for view in (1, 2)] for name in names]
    if any(first is None or first != second for first, second in specs):
        return None

    def in_pairs(batch):
        return {n: tf.stack([batch[f"{n}_1"], batch[f"{n}_2"]], axis=1) for n in names}

    rows = mapped(batches, in_pairs).unbatch().unbatch().take(2 * min(count, _viewed(specs)))
    trained = specs[0][0].shape[0]
    return rows.batch(min(trained, BATCH)).cache()


def _viewed(specs):
    sizes = [first.shape[1:].num_elements() for first, _ in specs]
    if None in sizes:
        return VIEWED
    bytes_of = [2 * size * first.dtype.size for size, (first, _) in zip(sizes, specs, strict=True)]
    return max(VIEWED, VIEWED_BYTES // sum(bytes_of))
