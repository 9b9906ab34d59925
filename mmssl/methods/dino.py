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
from mmssl.methods.bases.views import views


class DINO(Pretrainer):
    """Self-distillation with no labels (Caron et al. 2021, arXiv 2104.14294).

    On every crop, the student's distribution over K outputs follows the teacher's on a global
    crop, another one of the same picture:

        loss = -mean_{i, v != i} mean_b sum_k P_i log softmax(student_v / T_s)
        P_i = softmax((teacher_i - c) / T_t)

    over the two global crops i and all crops v. The teacher is a moving average of the student,
    the center c one of its outputs. T_t below T_s sharpens, the center keeps any output from
    winning always; together they prevent collapse. The head is a GELU MLP with a bottleneck of
    length one, then directions: logits are cosines.

    What is deployed is the teacher's encoder. It has no dropout and no dropped paths, and uses the
    statistics of its own batches where there is batch norm. As in the official code, no gradient
    reaches the directions in the first steps. There they are left out of the optimizer; here
    their gradient is zero, so Adam takes its first steps with them a few times larger, unless the
    freeze ends while the learning rate still rises. The optimizer's part of the paper is the
    recipes': AdamW whose weight decay rises along half a cosine (not that of biases and norms),
    each variable's gradient clipped to a norm of 3.

    Batch:
        <input>_1, <input>_2: the encoder's inputs of the global crops, such as `images_1` float32
            (B, H, W, 3) in [0, 1].
        <input>_3, ...: those of the local crops, (B, H', W', 3); as many as there are, or none.

    Across replicas: the center, and the statistics of batch norm.

    Args:
        encoder: keras.Model of any modality, whose layers take crops of every size given.
        head: widths of the head's layers, the last one that of the bottleneck.
        out_dim: K.
        student_temperature: T_s, above 0.
        teacher_temperature: T_t at last, above 0; the official code's best runs go to 0.07.
        initial_teacher_temperature: T_t at first, above 0.
        temperature_steps: steps of the linear way between these.
        center_momentum: of the center, in [0, 1].
        momentum: of the teacher at the first step, in [0, 1].
        final_momentum: at the last step of a run, at the end of a half cosine; None keeps the
            first.
        frozen_steps: steps without a gradient of the directions; an epoch in the paper.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: an argument is out of its range.
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

        Logits are its cosines with directions that all examples share: one output that wins
        everywhere, or the same distribution for all, is one bottleneck for all. What the softmax
        hides from it, directions that have become equal, `teacher_entropy` shows, near log K.
        Logits themselves would tell less: they share a mean, which the center takes away.
        """
        return behind_head(self.encoder, self.projector)

    def finalize(self):
        self.teacher.finalize(self.encoder)
        self.teacher_head.finalize(self.head)

    def current_temperature(self):
        """Returns T_t of the present step, a float32 scalar."""
        first, last = self.teacher_temperatures
        if not self.temperature_steps:
            return ops.convert_to_tensor(last, "float32")
        done = ops.cast(self.steps.value, "float32") / self.temperature_steps
        return first + (last - first) * ops.minimum(done, 1.0)

    def call(self, batch, training=False):
        """Scores every crop.

        Returns:
            list of logits (B, K), one a crop.
        """
        crops = views(batch, self.encoder)
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
        crops = views(batch, self.encoder)[:LARGE]
        both = {name: ops.concatenate([crop[name] for crop in crops]) for name in crops[0]}
        embeddings = self.teacher(both, training=training)["embedding"]
        return ops.split(self.teacher_head(embeddings), LARGE)
