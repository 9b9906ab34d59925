"""InterCLR."""

import keras
from keras import ops

from mmssl import distribution
from mmssl.layers import VectorMemory, gumbel_noise
from mmssl.losses.info_nce import info_nce
from mmssl.losses.inter_image import inter_image
from mmssl.losses.parts.inputs import positive_number
from mmssl.losses.parts.similarity import l2_normalize
from mmssl.methods.bases import Clusters
from mmssl.methods.bases.cluster_state import ClusterState, cluster_metrics
from mmssl.methods.bases.clusters import too_many_clusters
from mmssl.methods.bases.kmeans import cluster_means, cluster_sizes, drawn, kmeans, nearest
from mmssl.methods.bases.refill import refill
from mmssl.methods.moco import MoCo

FIRST_ITERATIONS = 20  # of the k-means that gives the first clusters


class InterCLR(Clusters, MoCo):
    """Momentum contrast within and between images (Xie, Zhan, Liu, Ong, Loy 2020,
    arXiv 2008.11702).

    MoCo, and beside it a second branch: a memory keeps the newest key of every image and its
    cluster; the positive of a query is the key of another image of its cluster, the negatives are
    near keys of other clusters, see `mmssl.losses.inter_image`:

        loss = 0.75 intra + 0.25 inter

    `intra` is MoCo's loss, with the same queries. Clusters follow the training step by step: the
    batch's images go to the nearest centroids; every few steps, and when a cluster has become too
    small, the centroids become the means of their members, scaled to unit length, and clusters that
    are too small are dissolved and filled from the largest. `adapt` fills the memory and clusters
    it before the first step.

    Batch (mmssl.pipelines.images.SampledViews):
        <input>_1, <input>_2: the encoder's inputs, once per view, such as `images_1` float32
            (B, H, W, 3) in [0, 1].
        index: int32 (B,), the item that the views are of, below `memory_size`.
        draws: int32 (B,), keys of the draws of positives and negatives.

    Across replicas: keys and indices for queue and memory, new clusters, and the statistics of the
    student's batch norm. All hold and recluster the whole memory.

    Args:
        encoder: keras.Model of any modality.
        memory_size: number of items of the data, by default that of ImageNet; a run takes it from
            there.
        clusters: number of clusters, 2 or more.
        negatives: drawn for each query, at most; fewer where the pool has no more.
        pool: share of the memory, the nearest to a query, that negatives are drawn from.
        margin: of the positive between images; below 0 it makes the task easier.
        centroid_steps: steps from one update of the centroids to the next.
        least: images that a cluster has at least.
        loss_weights: see `Pretrainer`; `intra` has 0.75 and `inter` 0.25.
        **kwargs: passed to MoCo.

    Raises:
        ValueError: an argument is out of range.
    """

    metric_names = ("intra", "inter", "changed", "largest_cluster", "empty_clusters")

    def __init__(
        self,
        encoder: keras.Model,
        memory_size: int = 1281167,
        clusters: int = 100,
        negatives: int = 16384,
        pool: float = 0.1,
        margin: float = -0.5,
        centroid_steps: int = 10,
        least: int = 20,
        loss_weights: dict[str, float] | None = None,
        **kwargs,
    ):
        weights = {"intra": 0.75, "inter": 0.25, **(loss_weights or {})}
        super().__init__(encoder, loss_weights=weights, **kwargs)
        positive_number(negatives=negatives, centroid_steps=centroid_steps, least=least)
        if not 0 < pool <= 1:
            raise ValueError(f"InterCLR(pool={pool}) must be above 0 and at most 1.")
        if not 2 <= clusters <= memory_size // least:
            raise ValueError(
                f"InterCLR(clusters={clusters}) must be 2 or more, and memory_size={memory_size} "
                f"have {least} images (least) for each."
            )
        width = self.queue.vectors.shape[-1]
        self.num_clusters, self.margin, self.least = clusters, margin, least
        self.pool = max(1, int(pool * memory_size))
        self.negatives = min(negatives, self.pool)
        self.centroid_steps = centroid_steps
        self.memory = VectorMemory(memory_size, width)
        self.state = ClusterState(memory_size, clusters)
        self.centroids = self.add_weight(
            (clusters, width), "zeros", trainable=False, autocast=False, name="centroids"
        )
        self.steps = self.add_weight((), "zeros", "int32", trainable=False, name="steps")

    def cluster_scores(self, embeddings):
        return ops.matmul(l2_normalize(embeddings), ops.transpose(self.centroids))

    def doubts(self, count):
        return [*super().doubts(count), *too_many_clusters(self.num_clusters, count)]

    def adapt(self, batches):
        """Fills the memory with projections of an epoch's first views, and clusters them.

        Args:
            batches: tf.data.Dataset of training batches.

        Raises:
            ValueError: there are more items than `memory_size`.
        """
        self.remember(batches, [self.memory])
        rows, seen = self.memory.vectors.value, self.memory.seen()
        start = drawn(rows, seen, self.num_clusters, self.steps.value)
        found = kmeans(rows, seen, start, FIRST_ITERATIONS, spherical=True)
        self._assign(*self._refilled(rows, *found))

    def loss_terms(self, batch, outputs, training):
        if training:
            self.teacher.update(self.student)
        _, view = self.views(batch, 2)
        keys = self.teacher(view, training=training and self.use_batch_statistics)["projection"]
        keys = l2_normalize(ops.cast(keys, "float32"))
        intra = info_nce(outputs, keys, self.queue.vectors, self.temperature)
        bank = self.memory.vectors.value
        inter = inter_image(
            outputs,
            batch["index"],
            bank,
            self.state.labels.value,
            gumbel_noise(batch["draws"], bank.shape[0]),
            self.pool,
            self.negatives,
            self.margin,
            self.temperature,
        )
        if training:
            self.queue.push(keys)
            self._move(batch["index"], keys)
            self._keep_clusters()
        for name, value in cluster_metrics([self.state]).items():
            if name in self.metric_names:
                self.update_metric(name, value)
        return {"intra": intra, "inter": inter}

    def _move(self, index, keys):
        """Puts new keys into the memory, and their images into the nearest clusters."""
        self.memory.write(index, keys)
        new, old = nearest(keys, ops.convert_to_tensor(self.centroids)), self.state.of(index)
        self.update_metric("changed", ops.mean(ops.cast(new != old, "float32")))
        new, old, index = (distribution.gather(x) for x in (new, old, index))
        labels = self.state.labels
        labels.assign(ops.scatter_update(labels, index[:, None], new))
        moved = ops.one_hot(new, self.num_clusters) - ops.one_hot(old, self.num_clusters)
        self.state.sizes.assign_add(ops.sum(moved, axis=0))
        self.steps.assign_add(1)

    def _keep_clusters(self):
        """Updates the centroids now and then, and when a cluster has become too small."""
        rows, labels = self.memory.vectors.value, self.state.labels.value
        sizes, centroids = self.state.sizes.value, ops.convert_to_tensor(self.centroids)

        def updated():
            found, counts = cluster_means(rows, labels, self.num_clusters)
            means = ops.where(counts[:, None] > 0, l2_normalize(found), centroids)
            return self._refilled(rows, means, labels)

        due = self.steps.value % self.centroid_steps == 0
        due = ops.logical_or(due, ops.any(sizes < self.least))
        self._assign(*ops.cond(due, updated, lambda: (centroids, labels, sizes)))

    def _refilled(self, rows, centroids, labels):
        """Returns centroids, labels and sizes of clusters that all are large enough."""
        centroids, labels = refill(rows, centroids, labels, self.least)
        return l2_normalize(centroids), labels, cluster_sizes(labels, self.num_clusters)

    def _assign(self, centroids, labels, sizes):
        self.centroids.assign(centroids)
        self.state.labels.assign(labels)
        self.state.sizes.assign(sizes)
