"""Batches of recordings that fit in memory, whatever their lengths."""

import numpy as np

# Samples of a batch, padding included: half a minute at 8 kHz. The widest encoders here, WaveNet
# with 512 channels a sample, take 2 GB for them.
SAMPLES = 2**18
MOST = 64  # recordings of a batch
# Samples of a recording that are trained on with its label at once: eight seconds at 8 kHz.
EXCERPT = 2**16


def by_length(lengths):
    """Groups recordings of similar length into batches of at most `SAMPLES` padded samples.

    Args:
        lengths: int64 array (N,), samples of each recording.

    Returns:
        (order, group, sizes): the indices of the recordings of at most `SAMPLES` samples, by
        length, int64 (M,); the number of the batch of each, int64 (M,), ascending; and how many
        recordings each batch has, int64 (batches,).
    """
    order = np.argsort(lengths, kind="stable")
    order = order[lengths[order] <= SAMPLES]
    sizes = []
    for length in lengths[order]:
        # Sorted, so that each is the longest of its batch so far.
        if not sizes or sizes[-1] == MOST or (sizes[-1] + 1) * length > SAMPLES:
            sizes.append(0)
        sizes[-1] += 1
    sizes = np.array(sizes, np.int64)
    return order, np.repeat(np.arange(len(sizes)), sizes), sizes
