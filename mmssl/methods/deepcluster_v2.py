"""DeepCluster, version 2."""

import keras
from keras import ops

from mmssl import distribution
from mmssl.layers import VectorMemory
from mmssl.losses.masked_cross_entropy import masked_cross_entropy
from mmssl.losses.parts.inputs import positive_number
from mmssl.losses.parts.similarity import l2_normalize
from mmssl.methods.bases import Clusters
from mmssl.methods.bases.cluster_state import ClusterState, cluster_metrics
from mmssl.methods.bases.clusters import too_many_clusters
from mmssl.methods.bases.heads import behind_head, mlp
from mmssl.methods.bases.joint_embedding import embedding_width
from mmssl.methods.bases.kmeans import drawn, kmeans
from mmssl.methods.bases.multi_crop import LARGE, embed_crops


class DeepClusterV2(Clusters):
    """Predicting clusters of a memory of projections (Caron, Misra, Mairal, Goyal, Bojanowski,
    Joulin 2020, arXiv 2006.09882).

    A memory keeps the projection of every image that its last epoch's large crops had. Before an
    epoch these are clustered by spherical k-means, several times, into the clusters of as many
    heads; then every crop of an image predicts its clusters a_h from its cosines with the centroids
    c_h, which stay as they are:

        loss = -mean_{heads h, crops v, images b} log softmax_k( c_hk . z_bv / T )_{a_hb}

    Heads take turns at the memories, one of each large crop. An epoch are as many steps as the
    items have batches; its number is counted in the model, so that a resumed run clusters where an
    uninterrupted one does. `adapt` does it before the first step.

    Batch (mmssl.pipelines.images.NumberedViews):
        <input>_1, <input>_2: the encoder's inputs for the large crops, such as `images_1` float32
            (B, H, W, 3) in [0, 1].
        <input>_3, ...: those for any number of small crops, (B, H', W', 3).
        index: int32 (B,), the item that the crops are of, below `memory_size`.

    Across replicas: projections and indices for the memories, and the statistics of batch norm. All
    cluster the whole memory.

    Args:
        encoder: keras.Model of any modality, whose layers accept crops of every size in the batch.
        memory_size: number of items of the data; a run takes it from there.
        projector: widths of the projector's layers, the last one that of the memory.
        clusters: number of clusters of each head.
        temperature: T, above 0.
        iterations: of k-means, 1 or more.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: an argument is out of range, or there are more clusters than items.
    """

    metric_names = ("deepcluster", "accuracy", "agreement", "largest_cluster", "empty_clusters")
    min_batch_size = 2

    def __init__(
        self,
        encoder: keras.Model,
        memory_size: int = 10000,
        projector: tuple[int, ...] = (2048, 128),
        clusters: tuple[int, ...] = (3000, 3000, 3000),
        temperature: float = 0.1,
        iterations: int = 10,
        **kwargs,
    ):
        super().__init__(encoder, **kwargs)
        positive_number(temperature=temperature, iterations=iterations)
        if not clusters or not 2 <= min(clusters) <= max(clusters) <= memory_size:
            raise ValueError(
                f"DeepClusterV2(clusters={tuple(clusters)}) must be numbers from 2 to "
                f"memory_size={memory_size}, one of each head."
            )
        self.temperature, self.iterations = temperature, iterations
        self.num_clusters, self.memory_size = clusters[0], memory_size
        self.projector = mlp(embedding_width(encoder), projector, name="projector")
        self.memories = [VectorMemory(memory_size, projector[-1]) for _ in range(LARGE)]
        self.centroids = [
            self.add_weight((count, projector[-1]), "zeros", trainable=False, autocast=False)
            for count in clusters
        ]
        self.states = [ClusterState(memory_size, count) for count in clusters]
        self.steps = self.add_weight((), "zeros", "int32", trainable=False, name="steps")

    def projection_model(self):
        return behind_head(self.encoder, self.projector)

    def cluster_scores(self, embeddings):
        return ops.matmul(l2_normalize(embeddings), ops.transpose(self.centroids[0]))

    def doubts(self, count):
        return too_many_clusters(max(c.shape[0] for c in self.centroids), count)

    def adapt(self, batches):
        """Fills the memories with projections of an epoch's large crops, and clusters them.

        Without it, the first epoch does no more than to fill them.

        Args:
            batches: tf.data.Dataset of training batches.

        Raises:
            ValueError: there are more items than `memory_size`.
        """
        self.remember(batches, self.memories)
        self._assign(self._clustered())

    def call(self, batch, training=False):
        """Projects every crop.

        Returns:
            list of L2-normalized float32 (B, D), one per crop.
        """
        crops = self.views(batch)
        embeddings = ops.concatenate(embed_crops(self.encoder, crops, training))
        projected = self.projector(embeddings, training=training)
        return ops.split(l2_normalize(ops.cast(projected, "float32")), len(crops))

    def loss_terms(self, batch, outputs, training):
        if training:
            self._cluster_before_an_epoch(batch["index"].shape[0] * distribution.num_replicas())
        projections = ops.concatenate(outputs)
        pairs = [
            self._predicted(projections, ops.tile(state.of(batch["index"]), [len(outputs)]), head)
            for head, state in zip(self.centroids, self.states, strict=True)
        ]
        loss, accuracy = (sum(x) / len(pairs) for x in zip(*pairs, strict=True))
        self.update_metric("accuracy", accuracy)
        for name, value in cluster_metrics(self.states).items():
            self.update_metric(name, value)
        if training:
            for memory, rows in zip(self.memories, outputs, strict=False):
                memory.write(batch["index"], rows)
            self.steps.assign_add(1)
        return {"deepcluster": loss}

    def _predicted(self, projections, labels, centroids):
        """Returns loss and accuracy; items without a cluster count in neither."""
        scores = ops.matmul(projections, ops.transpose(centroids)) / self.temperature
        known = ops.cast(labels >= 0, "float32")
        sums = masked_cross_entropy(scores, ops.maximum(labels, 0), known)
        return [total / labels.shape[0] for total in sums]

    def _cluster_before_an_epoch(self, rows):
        begins = self.steps.value % max(1, self.memory_size // rows) == 0
        due = ops.logical_and(begins, self.steps.value > 0)
        self._assign(ops.cond(due, self._clustered, lambda: [v.value for v in self._clustering()]))

    def _clustering(self):
        return [*self.centroids, *(v for state in self.states for v in state.weights)]

    def _assign(self, values):
        for variable, value in zip(self._clustering(), values, strict=True):
            variable.assign(value)

    def _clustered(self):
        """Returns new values of centroids and states."""
        centroids, states = [], []
        for head, (old, state) in enumerate(zip(self.centroids, self.states, strict=True)):
            memory = self.memories[head % LARGE]
            rows, seen = memory.vectors.value, memory.seen()
            # Other rows are drawn for each head, and each time.
            start = drawn(rows, seen, old.shape[0], self.steps.value * len(self.states) + head)
            found, labels = kmeans(rows, seen, start, self.iterations, spherical=True)
            centroids.append(found)
            states += state.updated(labels)
        return [*centroids, *states]
