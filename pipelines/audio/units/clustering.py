"""k-means over the frames of recordings, of which no more than a sample is kept in memory."""

import numpy as np
from sklearn.cluster import MiniBatchKMeans
from sklearn.metrics import pairwise_distances_argmin
from threadpoolctl import threadpool_limits

from mmssl.pipelines.audio.units.stored import Units

SAMPLED = 200_000  # frames, about, that clusters are fitted to
BATCH = 10_000  # frames of a step of k-means, and STARTS attempts at its start: as in the paper
STARTS = 20


def learned(features, data, source, lengths, clusters, seed=0, progress=None):
    """Clusters the frames of recordings, and finds the cluster of every frame.

    The recordings are read twice: for a random sample of their frames, and to label all of them.
    Which frames are sampled does not depend on the order in which they are read.

    Args:
        features: FrameFeatures.
        data: AudioWindows, which reads the recordings.
        source: Source.
        lengths: int64 array (N,), samples of each recording.
        clusters: K, 2 or more.
        seed: of the sample and of k-means.
        progress: None or function (recordings read, how many will be).

    Returns:
        Units.

    Raises:
        ValueError: there are fewer frames than clusters.
    """
    total = int(features.framing.count(lengths).sum())
    if total < clusters:
        raise ValueError(
            f"clusters={clusters} is more than there are frames, {total}: lower it, or provide "
            "more data"
        )
    share = min(1.0, max(SAMPLED, clusters) / total)
    sampled = {
        index: rows[np.random.default_rng((seed, index)).random(len(rows)) < share]
        for index, rows in _counted(features.of(data, source), 0, 2 * len(lengths), progress)
    }
    sample = np.concatenate([sampled[index] for index in sorted(sampled)])
    if len(sample) < clusters:  # of a sample by chance
        raise ValueError(f"clusters={clusters} is more than {len(sample)} sampled frames: lower it")
    kmeans = MiniBatchKMeans(clusters, batch_size=BATCH, n_init=STARTS, random_state=seed)
    with threadpool_limits(1):
        centers = kmeans.fit(sample).cluster_centers_.astype(np.float32)
    return labeled(features, data, source, lengths, centers, progress, len(lengths))


def labeled(features, data, source, lengths, centers, progress=None, before=0):
    """Finds the cluster of every frame of recordings, see `learned`.

    Args:
        centers: float32 (K, C).
        progress: see `learned`.
        before: recordings that have been read before.

    Returns:
        Units.
    """
    counts = features.framing.count(lengths)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    labels = np.empty(offsets[-1], np.int32)
    total = before + len(lengths)
    for index, rows in _counted(features.of(data, source), before, total, progress):
        labels[offsets[index] : offsets[index + 1]] = nearest(rows, centers)
    return Units(features.framing, centers, labels, offsets)


def _counted(items, before, total, progress):
    for done, item in enumerate(items, start=before + 1):
        yield item
        if progress is not None:
            progress(done, total)


def nearest(rows, centers):
    """Returns the cluster of each row, int32 (N,); none for no rows."""
    if len(rows) == 0:
        return np.empty(0, np.int32)
    with threadpool_limits(1):
        return pairwise_distances_argmin(rows, centers).astype(np.int32)
