"""Clusters that have too few members: dissolved, and filled again from the largest."""

from keras import ops

from mmssl.losses.parts.similarity import l2_normalize
from mmssl.methods.bases.kmeans import cluster_sizes, nearest

POWERS = 8  # steps of the power iteration for a cluster's longest axis


def refill(rows, centroids, labels, least=1):
    """Leaves no cluster with fewer than `least` members, as long as the largest can be halved.

    The members of a small cluster go to the nearest of the others. Then half of the largest cluster
    takes its place, one small cluster after the other: the half that lies on one side along the
    axis on which the members vary most.

    Args:
        rows: float32 (N, D).
        centroids: float32 (K, D).
        labels: int32 (N,), the cluster of each row, -1 for none.
        least: int, 1 or more.

    Returns:
        Pair of centroids and labels; those of clusters that were split are the means of their
        members, the others as they were.
    """
    count = centroids.shape[0]
    small = cluster_sizes(labels, count) < least
    # So far away that no row is nearest to it.
    others = ops.where(small[:, None], 1e6, centroids)
    moved = ops.logical_and(labels >= 0, ops.take(small, ops.maximum(labels, 0), axis=0))
    labels = ops.where(moved, nearest(rows, others), labels)

    def remain(waiting, centroids, labels):
        return ops.any(waiting)

    def split(waiting, centroids, labels):
        target = ops.cast(ops.argmax(waiting), "int32")
        largest = ops.cast(ops.argmax(cluster_sizes(labels, count)), "int32")
        labels = ops.where(half(rows, labels == largest), target, labels)
        numbers = ops.arange(count, dtype="int32")
        for cluster in (largest, target):
            mean = _mean(rows, labels == cluster)
            centroids = ops.where((numbers == cluster)[:, None], mean, centroids)
        return ops.logical_and(waiting, numbers != target), centroids, labels

    _, centroids, labels = ops.while_loop(remain, split, (small, centroids, labels))
    return centroids, labels


def half(rows, members):
    """Chooses the half of some rows that lies on one side along their longest axis.

    Args:
        rows: float32 (N, D).
        members: bool (N,).

    Returns:
        bool (N,), half of the members, rounded down.
    """
    weights = ops.cast(members, "float32")[:, None]
    away = (rows - _mean(rows, members)) * weights
    farthest = ops.argmax(ops.sum(ops.square(away), axis=-1))

    def power(_, axis):
        return l2_normalize(ops.matmul(ops.matmul(away, axis), away))

    axis = ops.fori_loop(0, POWERS, power, l2_normalize(ops.take(away, farthest, axis=0)))
    along = ops.where(members, ops.matmul(away, axis), float("inf"))
    places = ops.argsort(ops.argsort(along))
    return places < ops.sum(ops.cast(members, "int32")) // 2


def _mean(rows, members):
    weights = ops.cast(members, "float32")
    return ops.matmul(weights, rows) / ops.maximum(ops.sum(weights), 1.0)
