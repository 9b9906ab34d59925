"""Pairs of this replica's rows with the rows of all replicas, positive or negative by label."""

from keras import ops

from mmssl import distribution
from mmssl.losses.parts.inputs import one_per_row
from mmssl.losses.parts.similarity import squared_distances


def labeled_pairs(embeddings, labels):
    """Compares this replica's rows with those of the global batch.

    Args:
        embeddings: float32 (B, D).
        labels: (B,), ints or floats, equal for examples of the same class.

    Returns:
        Triple of (B, N), N the number of rows of all replicas: the squared distances, float32; the
        positives, bool (same class, excluding the row itself); the negatives, bool.

    Raises:
        ValueError: labels do not have exactly one axis with B entries.
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
    """Averages selected values so that the mean over the replicas is the mean over all of them.

    Args:
        values: float32, any shape, finite.
        chosen: bool of the same shape.

    Returns:
        Scalar float32; 0 if no value is selected on any replica.
    """
    count = distribution.mean(ops.sum(ops.cast(chosen, "float32")))
    return ops.sum(ops.where(chosen, values, 0.0)) / ops.maximum(count, 1e-6)
