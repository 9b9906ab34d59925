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
from mmssl.methods.bases.views import views


class SwAV(Pretrainer):
    """Swapping assignments between views (Caron et al. 2020, arXiv 2006.09882).

    The two large crops are assigned to K prototypes, all prototypes alike often, and each of the
    other crops has to predict that assignment:

        loss = -mean_{i, v != i} mean_b sum_k q_i log softmax(s_v / T),    q = sinkhorn(s / epsilon)

    with s the cosines between projections and prototypes. Prototypes have length one before every
    step. For batches smaller than the number of prototypes, a queue of past projections joins the
    batch in `sinkhorn`. The official code begins to fill it late, and ignores it until it is full;
    here it is ignored as long, which is the same.

    Batch:
        <input>_1, <input>_2: the encoder's inputs of the large crops, such as `images_1` float32
            (B, H, W, 3) in [0, 1].
        <input>_3, ...: those of the small crops, (B, H', W', 3); as many as there are, or none.

    Across replicas: the sums of Sinkhorn, the projections that enter the queue, and the statistics
    of batch norm.

    Args:
        encoder: keras.Model of any modality, whose layers take crops of every size given.
        projector: widths of the projector's layers, the last one that of the prototypes.
        num_prototypes: K.
        temperature: T, above 0.
        epsilon: of Sinkhorn, above 0; below T, or codes are uniform.
        iterations: of Sinkhorn, 1 or more.
        queue_size: projections kept of each large crop, a multiple of the batch of all replicas;
            0 is without.
        queue_start: step that the queue counts as empty at; epoch 15 in the official code.
        frozen_steps: steps without a gradient of the prototypes; 313 or more in the official code.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: an argument is out of its range, the batch does not divide the queue, or its
            size is unknown with a queue.
    """

    metric_names = ("swav", "prototype_usage")

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
        # The constraint acts after each update, so before each forward pass.
        length_one = keras.constraints.UnitNorm(axis=0)
        self.prototypes = self.add_weight(
            shape=(width, num_prototypes),
            initializer="random_normal",
            constraint=length_one,
            autocast=False,
            name="prototypes",
        )
        self.prototypes.assign(length_one(self.prototypes))
        self.queues = [VectorQueue(queue_size, width) for _ in range(LARGE if queue_size else 0)]
        self.steps = self.add_weight(
            shape=(), dtype="int32", initializer="zeros", trainable=False, name="steps"
        )

    def projection_model(self):
        return behind_head(self.encoder, self.projector)

    def call(self, batch, training=False):
        """Projects every crop and scores it.

        Returns:
            dict of `projections`, of the large crops, and `scores`, of all: lists of (B, D) of
            length one and of (B, K), cosines with the prototypes.
        """
        crops = views(batch, self.encoder)
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
        codes = [self._codes(place, scores[place]) for place in range(LARGE)]
        if training:
            for queue, projections in zip(self.queues, outputs["projections"], strict=False):
                queue.push(projections)
            self.steps.assign_add(1)
        self.update_metric("prototype_usage", self._usage(scores))
        return {"swav": swav_loss(scores, codes, self.temperature)}

    def _codes(self, place, scores):
        """Assigns a large crop of each picture, with the queue's beside it once that is full."""
        codes = sinkhorn(scores, self.epsilon, self.iterations)
        if not self.queues:
            return codes
        rows = scores.shape[0]
        if rows is None:
            raise ValueError(
                f"SwAV(queue_size={self.queue_size}) must know the size of its batches, all the "
                "same: dataset.batch(size, drop_remainder=True)."
            )
        pushes, misfit = divmod(self.queue_size, rows * distribution.num_replicas())
        if misfit:
            raise ValueError(
                f"SwAV(queue_size={self.queue_size}) must be a multiple of the batch, "
                f"{rows * distribution.num_replicas()}."
            )
        # Each replica brings its share of the queue, which is the same on all.
        share = self.queue_size // distribution.num_replicas()
        queue = ops.convert_to_tensor(self.queues[place].vectors)
        past = ops.slice(queue, (distribution.first_row(share), 0), (share, queue.shape[-1]))
        past = ops.matmul(past, ops.convert_to_tensor(self.prototypes))
        together = sinkhorn(ops.concatenate([past, scores]), self.epsilon, self.iterations)
        full = self.steps.value - self.queue_start >= pushes
        return ops.where(full, together[-rows:], codes)

    def _usage(self, scores):
        """Entropy of the mean prediction, over log K: 1 where all prototypes are used alike."""
        predicted = ops.softmax(ops.concatenate(scores) / self.temperature)
        mean = distribution.mean(ops.mean(ops.stop_gradient(predicted), axis=0))
        return -ops.sum(mean * ops.log(mean + 1e-12)) / ops.log(float(mean.shape[0]))
