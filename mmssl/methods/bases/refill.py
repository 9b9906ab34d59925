"""Clusters that have too few members: dissolved, and filled again from the largest."""

from keras import ops

from mmssl.methods.bases.kmeans import cluster_sizes, nearest


def refill(rows, centroids, labels, least=1):
    """Leaves no cluster with fewer than `least` members, as long as the largest can be halved.

    The members of a small cluster go to the nearest of the others. Then half of the largest cluster
    takes its place, one small cluster after the other: the half that lies on the side of the member
    that is farthest from their mean.

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
    """Chooses the half of some rows that lies on the side of the one farthest from their mean.

    Args:
        rows: float32 (N, D).
        members: bool (N,).

    Returns:
        bool (N,), half of the members, rounded down.
    """
    away = rows - _mean(rows, members)
    distances = ops.where(members, ops.sum(ops.square(away), axis=-1), -1.0)
    axis = ops.take(away, ops.argmax(distances), axis=0)
    along = ops.where(members, ops.matmul(away, axis), -float("inf"))
    places = ops.argsort(ops.argsort(-along))
    return places < ops.sum(ops.cast(members, "int32")) // 2


def _mean(rows, members):
    weights = ops.cast(members, "float32")
    return ops.matmul(weights, rows) / ops.maximum(ops.sum(weights), 1.0)
