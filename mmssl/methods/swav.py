"""SwAV."""

import keras
from keras import ops

from mmssl import distribution
from mmssl.layers import VectorQueue
from mmssl.losses.parts.inputs import positive_number
from mmssl.losses.parts.similarity import l2_normalize
from mmssl.losses.swav import sinkhorn, swav_loss
from mmssl.methods.bases import Pretrainer
from mmssl.methods.bases.heads import behind_head, mlp
from mmssl.methods.bases.joint_embedding import embedding_width
from mmssl.methods.bases.multi_crop import LARGE, embed_crops


class SwAV(Pretrainer):
    """Swapping assignments between views (Caron et al. 2020, arXiv 2006.09882).

    The two large crops are assigned to K prototypes, in equal proportions, and each of the other
    crops predicts that assignment:

        loss = -mean_{i, v != i} mean_b sum_k q_i log softmax(s_v / T),    q = sinkhorn(s / epsilon)

    with s the cosines between projections and prototypes. Prototypes are L2-normalized before every
    step. For batches smaller than the number of prototypes, a queue of past projections is added to
    the batch in `sinkhorn`. The official code starts filling it late and ignores it until it is
    full; here it is filled from the start and ignored for as long, which is equivalent.

    Batch:
        <input>_1, <input>_2: the encoder's inputs for the large crops, such as `images_1` float32
            (B, H, W, 3) in [0, 1].
        <input>_3, ...: those for any number of small crops, (B, H', W', 3).

    Across replicas: the sums of Sinkhorn, the projections added to the queue, and the statistics of
    batch norm.

    Args:
        encoder: keras.Model of any modality, whose layers accept crops of every size in the batch.
        projector: widths of the projector's layers, the last one that of the prototypes.
        num_prototypes: K.
        temperature: T, above 0.
        epsilon: of Sinkhorn, above 0; if not below T, codes become uniform.
        iterations: of Sinkhorn, 1 or more.
        queue_size: number of projections kept for each large crop, a multiple of the global batch
            size; 0 for no queue.
        queue_start: step at which the queue counts as empty, to be used once it has been filled
            again; epoch 15 in the official code.
        frozen_steps: number of initial steps in which the prototypes are frozen; 313 or more in the
            official code.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: an argument is out of range, or, with a queue, the batch size is unknown or does
            not divide `queue_size`.
    """

    metric_names = ("swav", "prototype_usage")
    min_batch_size = 2

    def __init__(
        self,
        encoder: keras.Model,
        projector: tuple[int, ...] = (2048, 128),
        num_prototypes: int = 3000,
        temperature: float = 0.1,
        epsilon: float = 0.05,
        iterations: int = 3,
        queue_size: int = 0,
        queue_start: int = 0,
        frozen_steps: int = 0,
        **kwargs,
    ):
        super().__init__(encoder, **kwargs)
        positive_number(
            num_prototypes=num_prototypes,
            temperature=temperature,
            epsilon=epsilon,
            iterations=iterations,
        )
        self.temperature = temperature
        self.epsilon = epsilon
        self.iterations = iterations
        self.queue_size = queue_size
        self.queue_start = queue_start
        self.frozen_steps = frozen_steps
        width = projector[-1]
        self.projector = mlp(embedding_width(encoder), projector, name="projector")
        # Keras applies the constraint after each update, hence before each forward pass.
        unit_norm = keras.constraints.UnitNorm(axis=0)
        self.prototypes = self.add_weight(
            shape=(width, num_prototypes),
            initializer="random_normal",
            constraint=unit_norm,
            autocast=False,
            name="prototypes",
        )
        self.prototypes.assign(unit_norm(self.prototypes))
        self.queues = [VectorQueue(queue_size, width) for _ in range(LARGE if queue_size else 0)]
        self.steps = self.add_weight(
            shape=(), dtype="int32", initializer="zeros", trainable=False, name="steps"
        )

    def projection_model(self):
        return behind_head(self.encoder, self.projector)

    def doubts(self, count):
        prototypes = self.prototypes.shape[-1]
        few = count < prototypes and (
            f"There are more prototypes, {prototypes}, than data, {count} elements, so that most "
            "stand for one element or none: lower method.num_prototypes."
        )
        long = self.queue_size >= count and (
            f"The queue of {self.queue_size} projections is as long as the data, {count} elements, "
            "or longer, so that it holds elements twice: lower method.queue_size."
        )
        return [sentence for sentence in (few, long) if sentence]

    def call(self, batch, training=False):
        """Projects every crop and scores it against the prototypes.

        Returns:
            dict of `projections`, a list of L2-normalized (B, D) for the large crops, and `scores`,
            a list of (B, K), cosines with the prototypes, for all crops.
        """
        crops = self.views(batch)
        embeddings = ops.concatenate(embed_crops(self.encoder, crops, training))
        projected = l2_normalize(ops.cast(self.projector(embeddings, training=training), "float32"))
        prototypes = ops.convert_to_tensor(self.prototypes)
        frozen = self.steps.value < self.frozen_steps
        held = ops.where(frozen, ops.stop_gradient(prototypes), prototypes)
        return {
            "projections": ops.split(projected, len(crops))[:LARGE],
            "scores": ops.split(ops.matmul(projected, held), len(crops)),
        }

    def loss_terms(self, batch, outputs, training):
        scores = outputs["scores"]
        codes = [self._codes(crop, scores[crop]) for crop in range(LARGE)]
        if training:
            for queue, projections in zip(self.queues, outputs["projections"], strict=False):
                queue.push(projections)
            self.steps.assign_add(1)
        self.update_metric("prototype_usage", self._usage(scores))
        return {"swav": swav_loss(scores, codes, self.temperature)}

    def _codes(self, crop, scores):
        """Assigns one large crop of each image, together with the queue once that is full."""
        codes = sinkhorn(scores, self.epsilon, self.iterations)
        if not self.queues:
            return codes
        rows = scores.shape[0]
        if rows is None:
            raise ValueError(
                f"SwAV(queue_size={self.queue_size}) must know the batch size, which must be "
                "constant: use dataset.batch(size, drop_remainder=True)."
            )
        pushes, remainder = divmod(self.queue_size, rows * distribution.num_replicas())
        if remainder:
            raise ValueError(
                f"SwAV(queue_size={self.queue_size}) must be a multiple of the global batch size, "
                f"{rows * distribution.num_replicas()}."
            )
        # The queue is the same on all replicas: each contributes an equal part of it.
        part = self.queue_size // distribution.num_replicas()
        queue = ops.convert_to_tensor(self.queues[crop].vectors)
        past = ops.slice(queue, (distribution.first_row(part), 0), (part, queue.shape[-1]))
        past = ops.matmul(past, ops.convert_to_tensor(self.prototypes))
        together = sinkhorn(ops.concatenate([past, scores]), self.epsilon, self.iterations)
        full = self.steps.value - self.queue_start >= pushes
        return ops.where(full, together[-rows:], codes)

    def _usage(self, scores):
        """Entropy of the mean prediction, divided by log K: 1 if prototypes are used equally."""
        predicted = ops.softmax(ops.concatenate(scores) / self.temperature)
        mean = distribution.mean(ops.mean(ops.stop_gradient(predicted), axis=0))
        return -ops.sum(mean * ops.log(mean + 1e-12)) / ops.log(float(mean.shape[0]))
