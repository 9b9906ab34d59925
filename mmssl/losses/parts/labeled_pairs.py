"""Rows of a labeled batch, each beside all rows of all replicas."""

from keras import ops

from mmssl import distribution
from mmssl.losses.parts.inputs import one_per_row
from mmssl.losses.parts.similarity import squared_distances


def labeled_pairs(embeddings, labels):
    """Measures this replica's rows against the whole batch.

    Args:
        embeddings: float32 (B, D).
        labels: (B,), ints or floats, equal where examples are of one class.

    Returns:
        Triple of (B, N), N being the rows of all replicas: the squared distances float32, the
        positives bool (of one class, the row itself left out), the negatives bool.

    Raises:
        ValueError: labels do not have one axis, or not as many rows.
    """
    labels = one_per_row(embeddings, labels=labels)
    everyone = distribution.gather(embeddings)
    same = labels[:, None] == distribution.gather(labels)[None, :]
    local = ops.shape(embeddings)[0]
    own = ops.arange(local) + distribution.first_row(local)
    itself = own[:, None] == ops.arange(ops.shape(everyone)[0])[None, :]
    positives = ops.logical_and(same, ops.logical_not(itself))
    return squared_distances(embeddings, everyone), positives, ops.logical_not(same)


def mean_where(values, chosen):
    """Averages chosen values; the mean of it over the replicas is the mean over all of theirs.

    Args:
        values: float32, any shape, finite.
        chosen: bool of the same shape.

    Returns:
        Scalar float32; 0 where no replica has a chosen value.
    """
    count = distribution.mean(ops.sum(ops.cast(chosen, "float32")))
    return ops.sum(ops.where(chosen, values, 0.0)) / ops.maximum(count, 1e-6)
