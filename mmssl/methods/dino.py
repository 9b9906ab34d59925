"""DINO."""

import keras
from keras import ops

from mmssl.encoders.parts.dropout import with_dropout
from mmssl.layers import WeightNormDense
from mmssl.losses.dino import dino_center, dino_loss
from mmssl.losses.parts.inputs import positive_number
from mmssl.methods.bases import EMATeacher, Pretrainer
from mmssl.methods.bases.heads import behind_head, mlp
from mmssl.methods.bases.joint_embedding import embedding_width
from mmssl.methods.bases.multi_crop import LARGE, embed_crops


class DINO(Pretrainer):
    """Self-distillation with no labels (Caron et al. 2021, arXiv 2104.14294).

    On every crop, the student's distribution over K outputs is trained to match the teacher's on
    another, global crop of the same image:

        loss = -mean_{i, v != i} mean_b sum_k P_i log softmax(student_v / T_s)
        P_i = softmax((teacher_i - c) / T_t)

    over the two global crops i and all crops v. The teacher is a moving average of the student, and
    the center c a moving average of the teacher's logits. Sharpening (T_t below T_s) and centering,
    which keeps any one output from dominating, together prevent collapse. The head is a GELU MLP
    with an L2-normalized bottleneck and a weight-normalized last layer, so logits are cosines.

    The teacher's encoder is deployed. The teacher has no dropout or stochastic depth, and its batch
    norm, if any, uses the statistics of its own batches. As in the official code, no gradient
    reaches the last layer in the first steps. There it is excluded from the optimizer; here its
    gradient is zero, so Adam's first updates to it are a few times larger, unless the freeze ends
    while the learning rate still warms up. The paper's optimizer is configured in the recipes:
    AdamW whose weight decay rises along half a cosine (except for biases and norms), with each
    variable's gradient clipped to a norm of 3.

    Batch:
        <input>_1, <input>_2: the encoder's inputs for the global crops, such as `images_1` float32
            (B, H, W, 3) in [0, 1].
        <input>_3, ...: those for any number of local crops, (B, H', W', 3).

    Across replicas: the center, and the statistics of batch norm.

    Args:
        encoder: keras.Model of any modality, whose layers accept crops of every size in the batch.
        head: widths of the head's layers, the last one that of the bottleneck.
        out_dim: K.
        student_temperature: T_s, above 0.
        teacher_temperature: final T_t, above 0; up to 0.07 in the best runs of the official code.
        initial_teacher_temperature: initial T_t, above 0.
        temperature_steps: steps of the linear schedule from the initial to the final T_t.
        center_momentum: of the center, in [0, 1].
        momentum: of the teacher at the first step, in [0, 1].
        final_momentum: of the teacher at the last step of a run, reached along a half cosine; None
            keeps `momentum`.
        frozen_steps: number of initial steps in which the last layer is frozen; one epoch in the
            paper.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: an argument is out of range.
    """

    metric_names = ("dino", "teacher_entropy")

    def __init__(
        self,
        encoder: keras.Model,
        head: tuple[int, ...] = (2048, 2048, 256),
        out_dim: int = 65536,
        student_temperature: float = 0.1,
        teacher_temperature: float = 0.04,
        initial_teacher_temperature: float = 0.04,
        temperature_steps: int = 0,
        center_momentum: float = 0.9,
        momentum: float = 0.996,
        final_momentum: float | None = 1.0,
        frozen_steps: int = 0,
        **kwargs,
    ):
        super().__init__(encoder, **kwargs)
        positive_number(
            out_dim=out_dim,
            student_temperature=student_temperature,
            teacher_temperature=teacher_temperature,
            initial_teacher_temperature=initial_teacher_temperature,
        )
        self.student_temperature = student_temperature
        self.teacher_temperatures = initial_teacher_temperature, teacher_temperature
        self.temperature_steps = temperature_steps
        self.center_momentum = center_momentum
        self.frozen_steps = frozen_steps

        vectors = keras.Input((embedding_width(encoder),))
        projected = mlp(vectors.shape[-1], head, normalize=False, activation="gelu")(vectors)
        bottleneck = keras.layers.UnitNormalization(dtype="float32")(projected)
        self.projector = keras.Model(vectors, bottleneck, name="projector")
        self.directions = WeightNormDense(out_dim, dtype="float32", name="directions")
        self.head = keras.Model(vectors, self.directions(bottleneck), name="head")

        self.teacher = EMATeacher(
            with_dropout(encoder, 0.0), momentum, final_momentum, statistics="own"
        )
        self.teacher_head = EMATeacher(self.head, momentum, final_momentum)
        self.center = self.add_weight(
            shape=(out_dim,), initializer="zeros", trainable=False, autocast=False, name="center"
        )
        self.steps = self.add_weight(
            shape=(), dtype="int32", initializer="zeros", trainable=False, name="steps"
        )

    def set_total_steps(self, steps):
        self.teacher.steps = self.teacher_head.steps = steps

    def export_encoder(self):
        return self.teacher.model

    def projection_model(self):
        """Returns the student up to the bottleneck.

        Logits are cosines between the bottleneck and the weight vectors of the last layer, so if
        one output always dominates, or all examples get the same distribution, then all have the
        same bottleneck. The collapse that this does not show, weight vectors that have become
        equal, shows in a `teacher_entropy` near log K. The logits themselves would be less
        informative: they share a mean, which centering removes.
        """
        return behind_head(self.encoder, self.projector)

    def finalize(self):
        self.teacher.finalize(self.encoder)
        self.teacher_head.finalize(self.head)

    def current_temperature(self):
        """Returns T_t of the current step, a float32 scalar."""
        first, last = self.teacher_temperatures
        if not self.temperature_steps:
            return ops.convert_to_tensor(last, "float32")
        done = ops.cast(self.steps.value, "float32") / self.temperature_steps
        return first + (last - first) * ops.minimum(done, 1.0)

    def call(self, batch, training=False):
        """Computes the student's logits of every crop.

        Returns:
            list of logits (B, K), one per crop.
        """
        crops = self.views(batch)
        embeddings = ops.concatenate(embed_crops(self.encoder, crops, training))
        bottleneck = self.projector(embeddings, training=training)
        frozen = self.steps.value < self.frozen_steps
        return ops.split(self.directions(bottleneck, frozen), len(crops))

    def loss_terms(self, batch, outputs, training):
        temperature = self.current_temperature()
        if training:
            self.teacher.update(self.encoder)
            self.teacher_head.update(self.head)
            self.steps.assign_add(1)
        targets = self._targets(batch, training)
        center = ops.convert_to_tensor(self.center)
        loss = dino_loss(outputs, targets, center, self.student_temperature, temperature)
        sharpened = ops.log_softmax((ops.concatenate(targets) - center) / temperature)
        entropy = -ops.sum(ops.exp(sharpened) * sharpened, axis=-1)
        self.update_metric("teacher_entropy", ops.mean(entropy))
        if training:
            self.center.assign(dino_center(center, targets, self.center_momentum))
        return {"dino": loss}

    def _targets(self, batch, training):
        """Returns the teacher's logits (B, K) of each global crop."""
        both = self.join(self.views(batch)[:LARGE])
        embeddings = self.teacher(both, training=training)["embedding"]
        return ops.split(self.teacher_head(embeddings), LARGE)
