"""DeepCluster, version 1."""

import keras
import numpy as np
from keras import ops

from mmssl.losses.masked_cross_entropy import masked_cross_entropy
from mmssl.losses.parts.inputs import positive_number
from mmssl.losses.parts.similarity import l2_normalize
from mmssl.methods.bases import Clusters
from mmssl.methods.bases.cluster_state import ClusterState, cluster_metrics
from mmssl.methods.bases.clusters import too_many_clusters
from mmssl.methods.bases.inference import inference
from mmssl.methods.bases.joint_embedding import embedding_width
from mmssl.methods.bases.kmeans import drawn, kmeans
from mmssl.methods.bases.refill import refill
from mmssl.methods.bases.whitened_features import fit_whitening

DEVIATION = 0.01  # of the classifier's first weights


class DeepCluster(Clusters):
    """Predicting clusters of features (Caron, Bojanowski, Joulin, Douze 2018, arXiv 1807.05520).

    Before every epoch the embeddings of all whole images are whitened, scaled to unit length and
    clustered by k-means. In the epoch random crops are classified by the cluster a of their image,
    by a linear layer that begins anew each time, since clusters have no names:

        loss = -mean_b log softmax(head(encoder(x_b)))_{a_b}

    The epoch shows all clusters equally often (`NumberedCrops.balance`); otherwise one cluster with
    nearly everything would be a solution. A cluster without images takes half of the largest.

    A run calls `begin_epoch`; around `fit` it is called by hand. The clusters and the number of
    epochs that have begun are in checkpoints. Until the first clustering, item i is in cluster i
    modulo their number.

    Batch (mmssl.pipelines.images.NumberedCrops):
        the encoder's inputs, such as `images` float32 (B, H, W, 3) in [0, 1].
        index: int32 (B,), the item that each was cut from, below `memory_size`.

    Across replicas: the statistics of batch norm. Each clusters all images.

    Args:
        encoder: keras.Model of any modality.
        memory_size: number of items of the data; a run takes it from there.
        clusters: K, from 2 to `memory_size`.
        components: of the whitened features, at most the width of the embedding.
        iterations: of k-means, 1 or more.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: an argument is out of range.
    """

    metric_names = ("deepcluster", "accuracy", "agreement", "largest_cluster", "empty_clusters")
    splits_batches = True
    begins_epochs = True

    def __init__(
        self,
        encoder: keras.Model,
        memory_size: int = 10000,
        clusters: int = 1000,
        components: int = 256,
        iterations: int = 20,
        **kwargs,
    ):
        super().__init__(encoder, **kwargs)
        positive_number(iterations=iterations, components=components)
        if not 2 <= clusters <= memory_size:
            raise ValueError(
                f"DeepCluster(clusters={clusters}) must lie between 2 and "
                f"memory_size={memory_size}."
            )
        self.num_clusters, self.iterations = clusters, iterations
        width = embedding_width(encoder)
        components = min(components, width)
        normal = keras.initializers.RandomNormal(stddev=DEVIATION)
        self.head = keras.layers.Dense(
            clusters, kernel_initializer=normal, dtype="float32", name="head"
        )
        self.head.build((None, width))
        self.state = ClusterState(memory_size, clusters)
        self.state.labels.assign(np.arange(memory_size, dtype="int32") % clusters)
        kept = {"initializer": "zeros", "trainable": False, "autocast": False}
        self.mean = self.add_weight((width,), name="mean", **kept)
        self.kernel = self.add_weight((width, components), name="kernel", **kept)
        self.centroids = self.add_weight((clusters, components), name="centroids", **kept)
        self.epochs = self.add_weight((), "zeros", "int32", trainable=False, name="epochs")

    def doubts(self, count):
        return too_many_clusters(self.num_clusters, count)

    def whiten(self, embeddings):
        """Whitens embeddings and scales them to unit length.

        Args:
            embeddings: float32 (B, D).

        Returns:
            float32 (B, C).
        """
        return l2_normalize(ops.matmul(embeddings - self.mean, self.kernel))

    def cluster_scores(self, embeddings):
        centers = ops.convert_to_tensor(self.centroids)
        scores = ops.matmul(self.whiten(embeddings), ops.transpose(centers))
        return scores - ops.sum(ops.square(centers), axis=-1) / 2

    def begin_epoch(self, data, epoch):
        """Clusters the images, unless that epoch has begun before, and sets the order of the data.

        Args:
            data: mmssl.pipelines.images.NumberedCrops, prepared.
            epoch: int, from 0.

        Raises:
            ValueError: the data have another number of items, or batches without their index.
        """
        self._check(data)
        if epoch >= int(self.epochs.numpy()):
            self._cluster(data, epoch)
            # Its own draw for each epoch: the head of a resumed run begins as it would have.
            draw = np.random.default_rng(epoch).normal(0.0, DEVIATION, self.head.kernel.shape)
            self.head.kernel.assign(draw.astype("float32"))
            self.head.bias.assign(np.zeros(self.num_clusters, "float32"))
            self.epochs.assign(epoch + 1)
        data.balance(ops.convert_to_numpy(self.state.labels)[: len(data.items)])

    def _check(self, data):
        size = self.state.labels.shape[0]
        if not hasattr(data, "balance"):
            raise ValueError(
                f"DeepCluster needs data that it can set the order of, such as "
                f"mmssl.pipelines.images.NumberedCrops, not {type(data).__name__}."
            )
        if not self.num_clusters <= len(data.items) <= size:
            raise ValueError(
                f"DeepCluster(memory_size={size}, clusters={self.num_clusters}) needs as many "
                f"items as memory_size, and as many as clusters or more; there are "
                f"{len(data.items)}."
            )

    def _cluster(self, data, epoch):
        embed = inference(self.encoder)
        parts = [embed(batch)["embedding"] for batch in data.examples(data.items)]
        features = np.concatenate([ops.convert_to_numpy(ops.cast(x, "float32")) for x in parts])
        mean, kernel = fit_whitening(features, self.kernel.shape[1])
        self.mean.assign(mean)
        self.kernel.assign(kernel)
        rows = self.whiten(ops.convert_to_tensor(features))
        everyone = ops.ones(len(features), "bool")
        start = drawn(rows, everyone, self.num_clusters, ops.convert_to_tensor(epoch, "int32"))
        centroids, labels = kmeans(rows, everyone, start, self.iterations, spherical=False)
        centroids, labels = refill(rows, centroids, labels)
        self.centroids.assign(centroids)
        missing = self.state.labels.shape[0] - len(features)
        labels = ops.pad(labels, (0, missing), constant_values=-1)
        if epoch == 0:  # there is no clustering before to agree with
            self.state.labels.assign(np.full(self.state.labels.shape, -1, "int32"))
        for variable, value in zip(self.state.weights, self.state.updated(labels), strict=True):
            variable.assign(value)

    def call(self, batch, training=False):
        return self.head(self.encode(batch, training)["embedding"])

    def loss_terms(self, batch, outputs, training):
        labels = self.state.of(batch["index"])
        known = ops.cast(labels >= 0, "float32")
        sums = masked_cross_entropy(outputs, ops.maximum(labels, 0), known)
        loss, accuracy = (total / labels.shape[0] for total in sums)
        self.update_metric("accuracy", accuracy)
        for name, value in cluster_metrics([self.state]).items():
            self.update_metric(name, value)
        return {"deepcluster": loss}
