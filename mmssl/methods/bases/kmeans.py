"""k-means in `keras.ops`, so that a step can cluster what a memory holds."""

from keras import ops

from mmssl.layers import gumbel_noise
from mmssl.losses.parts.similarity import l2_normalize

HELD = 2**24  # scores of rows and clusters that are in memory at once


def kmeans(rows, seen, start, iterations, spherical):
    """Clusters vectors (Lloyd's algorithm).

    A cluster that loses all its rows keeps its centroid.

    Args:
        rows: float32 (N, D).
        seen: bool (N,), the rows that count.
        start: float32 (K, D), the first centroids.
        iterations: int, 0 or more.
        spherical: whether centroids are scaled to unit length, for rows of unit length.

    Returns:
        Pair of float32 (K, D), the centroids, and int32 (N,), the nearest one of each row, -1 of
        those that do not count.
    """

    def assigned(centroids):
        return ops.where(seen, nearest(rows, centroids), -1)

    def step(_, centroids):
        means, counts = cluster_means(rows, assigned(centroids), start.shape[0])
        means = l2_normalize(means) if spherical else means
        return ops.where(counts[:, None] > 0, means, centroids)

    centroids = ops.fori_loop(0, iterations, step, start)
    return centroids, assigned(centroids)


def nearest(rows, centroids):
    """Finds the nearest centroid of each row, the first one of several.

    Args:
        rows: float32 (N, D).
        centroids: float32 (K, D).

    Returns:
        int32 (N,).
    """
    # |x - c|^2 = |x|^2 - 2 (x.c - |c|^2 / 2), where |x| is the same for all centroids.
    half = ops.sum(ops.square(centroids), axis=-1) / 2

    def of_part(part):
        scores = ops.matmul(part, ops.transpose(centroids)) - half
        return ops.cast(ops.argmax(scores, axis=-1), "int32")

    parts = _parts(rows, centroids.shape[0])
    if parts.shape[0] == 1:  # most often, and quicker to compile
        return of_part(rows)
    return ops.reshape(ops.map(of_part, parts), (-1,))[: rows.shape[0]]


def cluster_means(rows, labels, count):
    """Averages the rows of each cluster.

    Args:
        rows: float32 (N, D).
        labels: int32 (N,), the cluster of each, -1 for none.
        count: K.

    Returns:
        Pair of float32: the means (K, D), zero for clusters without rows, and the numbers of rows
        (K,).
    """
    sums = _summed_by(labels, rows, count)
    counts = cluster_sizes(labels, count)
    return sums / ops.maximum(counts, 1.0)[:, None], counts


def cluster_sizes(labels, count):
    """Counts the rows of each cluster.

    Args:
        labels: int32 (N,), the cluster of each, -1 for none.
        count: K.

    Returns:
        float32 (K,).
    """
    return _summed_by(labels, ops.ones((labels.shape[0], 1)), count)[:, 0]


def agreement(first, second, count):
    """Computes the normalized mutual information of two clusterings, I / sqrt(H1 H2).

    Args:
        first: int32 (N,), below K; -1 for none.
        second: int32 (N,), the same.
        count: K.

    Returns:
        float32 scalar from 0 to 1, over the rows that have a cluster in both; 0 where one of them
        has a single cluster.
    """
    both = ops.logical_and(first >= 0, second >= 0)
    joint = _summed_by(ops.where(both, first, -1), ops.one_hot(second, count), count)
    joint = joint / ops.maximum(ops.sum(joint), 1.0)
    one, two = ops.sum(joint, axis=1), ops.sum(joint, axis=0)
    entropies = _entropy(one) * _entropy(two)
    shared = _entropy(one) + _entropy(two) - _entropy(joint)
    normalized = shared / ops.sqrt(ops.maximum(entropies, 1e-12))
    return ops.where(entropies > 0, ops.clip(normalized, 0.0, 1.0), 0.0)


def drawn(rows, seen, count, key):
    """Draws some of the rows without replacement, the same for the same key on every backend.

    Args:
        rows: float32 (N, D).
        seen: bool (N,), the rows to choose from.
        count: K, N or less.
        key: int32 scalar.

    Returns:
        float32 (K, D).
    """
    order = ops.where(seen, gumbel_noise(key, rows.shape[0]), -1e30)
    return ops.take(rows, ops.top_k(order, count)[1], axis=0)


def _entropy(shares):
    return -ops.sum(shares * ops.log(ops.maximum(shares, 1e-30)))


def _summed_by(labels, rows, count):
    """Sums rows (N, D) by their label: (K, D). A product of matrices adds up in a fixed order."""

    def summed(own, members):
        return ops.matmul(ops.transpose(ops.one_hot(own, count)), members)

    numbers, parts = _parts(labels, count, -1), _parts(rows, count)
    if parts.shape[0] == 1:
        return summed(labels, rows)

    def added(number, sums):
        return sums + summed(*(ops.take(x, number, axis=0) for x in (numbers, parts)))

    return ops.fori_loop(0, parts.shape[0], added, ops.zeros((count, rows.shape[1])))


def _parts(rows, clusters, padding=0):
    """Cuts rows into parts of equal size, the last one padded, (P, N', ...)."""
    size = min(rows.shape[0], max(1, HELD // clusters))
    count = -(-rows.shape[0] // size)
    missing = [(0, count * size - rows.shape[0])] + [(0, 0)] * (len(rows.shape) - 1)
    padded = ops.pad(rows, missing, constant_values=padding)
    return ops.reshape(padded, (count, size, *rows.shape[1:]))
