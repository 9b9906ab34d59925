"""The clusters of all items, as they are kept and told of."""

import keras
from keras import ops

from mmssl.methods.bases.kmeans import agreement, cluster_sizes


class ClusterState(keras.layers.Layer):
    """The cluster of every item, and what is told of a clustering.

    Args:
        items: N, number of items.
        clusters: K, number of clusters.

    Attributes:
        labels: int32 (N,), the cluster of each item, -1 for none.
        sizes: float32 (K,), items of each cluster.
        agreement: float32 scalar, normalized mutual information with the clustering before.
    """

    def __init__(self, items, clusters, **kwargs):
        super().__init__(dtype="float32", **kwargs)
        nowhere = keras.initializers.Constant(-1)
        self.labels = self.add_weight((items,), nowhere, "int32", trainable=False, name="labels")
        self.sizes = self.add_weight((clusters,), "zeros", trainable=False, name="sizes")
        self.agreement = self.add_weight((), "zeros", trainable=False, name="agreement")

    def of(self, index):
        """Returns the clusters of some items, int32 (B,)."""
        return ops.take(self.labels.value, index, axis=0)

    def updated(self, labels):
        """Returns what the weights become with another clustering.

        Args:
            labels: int32 (N,), the cluster of each item, -1 for none.

        Returns:
            list of labels, sizes and agreement.
        """
        count = self.sizes.shape[0]
        shared = agreement(self.labels.value, labels, count)
        return [labels, cluster_sizes(labels, count), shared]


def cluster_metrics(states):
    """Returns metrics of clusterings.

    Args:
        states: list of ClusterState.

    Returns:
        dict of float32 scalars: `agreement` with the clusterings before, on average;
        `largest_cluster`, the share of the largest one of all; and `empty_clusters`, the number of
        those without items, in the clustering that has most of these.
    """
    shares = [ops.max(s.sizes.value) / ops.maximum(ops.sum(s.sizes.value), 1.0) for s in states]
    empty = [ops.sum(ops.cast(s.sizes.value == 0, "float32")) for s in states]
    return {
        "agreement": sum(s.agreement.value for s in states) / len(states),
        "largest_cluster": ops.max(ops.stack(shares)),
        "empty_clusters": ops.max(ops.stack(empty)),
    }
