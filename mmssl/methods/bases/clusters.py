"""Methods that learn from clusters of the data: what can be said and shown of these."""

import numpy as np
from keras import ops
from sklearn.metrics import normalized_mutual_info_score

from mmssl.losses.parts.similarity import l2_normalize
from mmssl.methods.bases.held_out_images import sheet, spread_out
from mmssl.methods.bases.inference import inference
from mmssl.methods.bases.pretrainer import Pretrainer

ROWS, COLUMNS = 8, 10  # clusters in a report, and images of each


class Clusters(Pretrainer):
    """Base of methods that predict, or compare by, clusters which they find in the data themselves.

    A subclass keeps the cluster of every item, and has `cluster_scores`, which tells how near an
    image is to each cluster. `num_clusters` is their number.
    """

    def cluster_scores(self, embeddings):
        """Scores embeddings against the clusters, the nearest one highest.

        Args:
            embeddings: float32 (B, D), of `cluster_model`.

        Returns:
            float32 (B, K).
        """
        raise NotImplementedError(f"{type(self).__name__} must define cluster_scores.")

    def cluster_model(self):
        """Returns the network whose embeddings are clustered, with the encoder's inputs."""
        return self.projection_model() or self.encoder

    def remember(self, batches, memories):
        """Fills memories with the embeddings of an epoch, scaled to unit length, a memory a view.

        Args:
            batches: tf.data.Dataset of training batches, or an iterable of some.
            memories: list of mmssl.layers.VectorMemory, for view 1 and so on.

        Raises:
            ValueError: there are more items than the memories have places for.
        """
        embed, size, seen = inference(self.cluster_model()), memories[0].vectors.shape[0], 0
        for batch in batches:
            index = ops.convert_to_numpy(batch["index"])
            if index.max() >= size:
                raise ValueError(
                    f"{type(self).__name__}(memory_size={size}) must be the number of items of the "
                    f"data; they have an item {index.max()}, counted from 0."
                )
            for memory, view in zip(memories, self.views(batch), strict=False):
                rows = l2_normalize(ops.cast(embed(view)["embedding"], "float32"))
                memory.write(ops.convert_to_tensor(index), rows)
            seen += len(index)
            if seen + len(index) > size:
                break

    def assign(self, data, source):
        """Finds the cluster of every item of a source.

        Args:
            data: mmssl.pipelines.pipeline.Pipeline.
            source: Source.

        Returns:
            Pair of arrays (N,): int64, the cluster of each item, and float32, its score.
        """
        embed, found = inference(self.cluster_model()), []
        for batch in data.examples(source):
            embedded = ops.cast(embed(batch)["embedding"], "float32")
            found.append(ops.convert_to_numpy(self.cluster_scores(embedded)))
        scores = np.concatenate(found)
        return scores.argmax(axis=1), scores.max(axis=1)

    def validate(self, data):
        """Assigns held-out images to the clusters.

        Args:
            data: mmssl.pipelines.pipeline.Pipeline over the held-out images.

        Returns:
            dict: `largest_share`, the share of the cluster with the most images, and where they
            have labels `cluster_nmi`, the normalized mutual information I / sqrt(H1 H2) of cluster
            and label. With few images a cluster it is above 0 by chance.
        """
        source = spread_out(data.source)
        clusters, _ = self.assign(data, source)
        figures = {"largest_share": float(np.bincount(clusters).max() / len(clusters))}
        if source.labels is not None:
            figures["cluster_nmi"] = label_information(clusters, source.labels)
        return figures

    def report_images(self, data):
        """Draws the largest clusters of some images, a row each.

        Args:
            data: mmssl.pipelines.pipeline.Pipeline over the images to show.

        Returns:
            list of one (title, caption, uint8 (H, W, 3)).
        """
        clusters, scores = self.assign(data, data.source)
        sizes = np.bincount(clusters)
        largest = [k for k in np.argsort(-sizes, kind="stable")[:ROWS] if sizes[k]]
        chosen = []
        for cluster in largest:
            members = np.flatnonzero(clusters == cluster)
            chosen.append(members[np.argsort(-scores[members], kind="stable")][:COLUMNS])
        caption = (
            f"Rows: the {len(largest)} largest of {self.num_clusters} clusters of "
            f"{len(clusters)} images, each with those nearest to its center."
        )
        return [("Clusters", caption, sheet([self._row(data, row) for row in chosen]))]

    def _row(self, data, members):
        images = next(iter(data.examples(data.source.select(members), COLUMNS)))["images"]
        return np.pad(
            images, [(0, COLUMNS - len(members)), (0, 0), (0, 0), (0, 0)], constant_values=1
        )


def label_information(clusters, labels):
    """Computes the normalized mutual information of clusters and labels, I / sqrt(H1 H2).

    Args:
        clusters: int array (N,).
        labels: array (N,) of str, "" for items without one, which do not count.
    """
    known = labels != ""
    return float(
        normalized_mutual_info_score(labels[known], clusters[known], average_method="geometric")
    )


def too_many_clusters(clusters, count):
    """Says that there are too few items for so many clusters, if so; see `Pretrainer.doubts`."""
    if 2 * clusters <= count:
        return []
    return [
        f"There are {clusters} clusters for {count} items, so that most have one or none: lower "
        "method.clusters."
    ]
