"""Faults in methods that learn from clusters, and in the data that they tell apart."""

from tests.faults.fault import Fault

KMEANS = ("tests/methods/bases/test_kmeans.py",)
REFILL = ("tests/methods/bases/test_refill.py",)
FIRST = ("tests/methods/test_deepcluster.py",)
SECOND = ("tests/methods/test_deepcluster_v2.py",)
INTER = ("tests/methods/test_interclr.py",)
BETWEEN = ("tests/losses/test_inter_image.py",)
NUMBERED = ("tests/pipelines/images/test_numbered.py",)

FAULTS = (
    Fault(
        "k-means forgets the lengths of centroids",
        "mmssl/methods/bases/kmeans.py",
        "ops.matmul(part, ops.transpose(centroids)) - half",
        "ops.matmul(part, ops.transpose(centroids))",
        KMEANS,
    ),
    Fault(
        "a cluster without rows moves to the origin",
        "mmssl/methods/bases/kmeans.py",
        "return ops.where(counts[:, None] > 0, means, centroids)",
        "return means",
        KMEANS,
    ),
    Fault(
        "rows that are no part of it are clustered, too",
        "mmssl/methods/bases/kmeans.py",
        "return ops.where(seen, nearest(rows, centroids), -1)",
        "return nearest(rows, centroids)",
        KMEANS,
    ),
    Fault(
        "what fills up the last part of the rows counts as members of the first cluster",
        "mmssl/methods/bases/kmeans.py",
        "_parts(labels, count, -1), _parts(rows, count)",
        "_parts(labels, count), _parts(rows + 1, count) - 1",
        KMEANS,
    ),
    Fault(
        "an empty cluster takes all of the largest",
        "mmssl/methods/bases/refill.py",
        'ops.sum(ops.cast(members, "int32")) // 2',
        'ops.sum(ops.cast(members, "int32"))',
        REFILL,
    ),
    Fault(
        "members of small clusters stay where they are",
        "mmssl/methods/bases/refill.py",
        "labels = ops.where(moved, nearest(rows, others), labels)",
        "labels = ops.where(moved, labels, labels)",
        REFILL,
    ),
    Fault(
        "DeepCluster leaves clusters empty",
        "mmssl/methods/deepcluster.py",
        "centroids, labels = refill(rows, centroids, labels)\n",
        "pass\n",
        FIRST,
        "no_cluster_is_empty",
    ),
    Fault(
        "DeepCluster clusters anew when an epoch is gone on with",
        "mmssl/methods/deepcluster.py",
        "if epoch >= int(self.epochs.numpy()):",
        "if epoch >= 0:",
        FIRST,
        "gone_on_with",
    ),
    Fault(
        "DeepCluster goes on with its classifier after a clustering",
        "mmssl/methods/deepcluster.py",
        'self.head.kernel.assign(draw.astype("float32"))',
        "pass",
        FIRST,
        "begins_anew",
    ),
    Fault(
        "a run that goes on within an epoch has lost its order",
        "mmssl/training/loop.py",
        "        self.method.begin_epoch(self.data, step // len(self.data))\n",
        "        if step % len(self.data) == 0:\n"
        "            self.method.begin_epoch(self.data, step // len(self.data))\n",
        ("tests/training/test_epochs.py",),
        "stops_within",
    ),
    Fault(
        "DeepCluster v2 clusters one step late",
        "mmssl/methods/deepcluster_v2.py",
        "self.memory_size // rows) == 0",
        "self.memory_size // rows) == 1",
        SECOND,
    ),
    Fault(
        "DeepCluster v2 has every head cluster the first memory",
        "mmssl/methods/deepcluster_v2.py",
        "self.memories[head % LARGE]",
        "self.memories[0]",
        SECOND,
        "in_turn",
    ),
    Fault(
        "DeepCluster v2 takes crops of an image for crops of a size",
        "mmssl/methods/deepcluster_v2.py",
        'ops.tile(state.of(batch["index"]), [len(outputs)])',
        'ops.repeat(state.of(batch["index"]), len(outputs))',
        SECOND,
    ),
    Fault(
        "DeepCluster v2 pulls images without a cluster to the first one",
        "mmssl/methods/deepcluster_v2.py",
        'known = ops.cast(labels >= 0, "float32")',
        'known = ops.ones_like(labels, "float32")',
        SECOND,
        "without_a_cluster",
    ),
    Fault(
        "memories are filled with vectors of any length",
        "mmssl/methods/bases/clusters.py",
        'rows = l2_normalize(ops.cast(embed(view)["embedding"], "float32"))',
        'rows = ops.cast(embed(view)["embedding"], "float32")',
        SECOND,
        "in_turn",
    ),
    Fault(
        "InterCLR's margin makes its task harder",
        "mmssl/losses/inter_image.py",
        "(positive - margin) / temperature",
        "(positive + margin) / temperature",
        BETWEEN,
    ),
    Fault(
        "InterCLR draws a query's own vector as its positive",
        "mmssl/losses/inter_image.py",
        "candidates = ops.where(alone, itself, others)",
        "candidates = same",
        BETWEEN,
    ),
    Fault(
        "InterCLR has members of the query's cluster among the negatives",
        "mmssl/losses/inter_image.py",
        "_taken(ops.logical_or(same, labels[None, :] < 0), near)",
        "_taken(ops.logical_and(same, labels[None, :] < 0), near)",
        BETWEEN,
    ),
    Fault(
        "InterCLR keeps the clusters that images had before",
        "mmssl/methods/interclr.py",
        "labels.assign(ops.scatter_update(labels, index[:, None], new))",
        "labels.assign(ops.scatter_update(labels, index[:, None], old))",
        INTER,
        "nearest_clusters",
    ),
    Fault(
        "InterCLR counts images that move twice",
        "mmssl/methods/interclr.py",
        "ops.one_hot(new, self.num_clusters) - ops.one_hot(old, self.num_clusters)",
        "ops.one_hot(new, self.num_clusters)",
        INTER,
        "nearest_clusters",
    ),
    Fault(
        "the shares of groups in an epoch follow their sizes",
        "pipelines/balanced.py",
        "group, turn = dealt % count, dealt // count",
        "group = tf.searchsorted(self._starts, dealt, side='right') - 1\n        turn = dealt",
        NUMBERED,
        "equally_often",
    ),
    Fault(
        "a small group shows one of its elements again and again",
        "pipelines/balanced.py",
        "within = permuted(turn % size, key + own, size - 1)",
        "within = permuted(tf.zeros_like(turn), key + own, size - 1)",
        NUMBERED,
        "repeats_all",
    ),
    Fault(
        "the index of a crop is its place in the epoch",
        "pipelines/numbered.py",
        "tf.cast(self.item_index(several, seed), tf.int32)",
        "tf.cast(several % self.count, tf.int32)",
        NUMBERED,
        "was_cropped",
    ),
)
