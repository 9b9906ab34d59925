"""MoCo, version 3."""

import keras

from mmssl.losses.info_nce import info_nce
from mmssl.losses.parts.inputs import positive_number
from mmssl.methods.bases import StudentTeacher
from mmssl.methods.bases.heads import mlp
from mmssl.methods.bases.joint_embedding import embedding_width
from mmssl.methods.bases.student_teacher import predictor_mlp


class MoCoV3(StudentTeacher):
    """Momentum contrast without a queue (Chen, Xie, He 2021, arXiv 2104.02057).

    From the student's prediction q on each view, classifies the teacher's projection k of the other
    view among those of the global batch, with s the cosine similarity:

        loss = contrast(q_1, k_2) + contrast(q_2, k_1)
        contrast(q, k) = -2 T mean_i log( exp(s(q_i, k_i) / T) / sum_j exp(s(q_i, k_j) / T) )

    The teacher is a moving average of encoder and projector whose momentum rises to
    `final_momentum` along a half cosine over the steps of the run; its batch norm uses the
    statistics of its own batch. The predictor is not part of the teacher. Heads have no biases, as
    in the official code.

    Batch:
        <input>_1, <input>_2: the encoder's inputs, once per view, such as `images_1` float32
            (B, H, W, 3) in [0, 1].

    Across replicas: the keys, and the statistics of batch norm.

    Args:
        encoder: keras.Model of any modality.
        projector: widths of the projector's layers, with batch norm after each; three layers for
            the paper's ViT, two, (4096, 256), for its ResNet.
        predictor: widths of the predictor's layers, the last equal to the projector's.
        predictor_norm: whether batch norm follows the predictor's last layer, as for the paper's
            ViT but not its ResNet.
        momentum: of the teacher at the first step, in [0, 1].
        final_momentum: of the teacher at the last step, in [0, 1]; None keeps `momentum`.
        temperature: T, above 0; 0.2 for the paper's ViT, 1 for its ResNet.
        freeze_tokens: whether to freeze the randomly initialized patch embedding, up to the layer
            `tokens`, which avoids instability in training large transformers.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: an argument is out of range, the output widths of the heads differ, or the
            encoder has no tokens to freeze.
    """

    metric_names = ("info_nce",)

    def __init__(
        self,
        encoder: keras.Model,
        projector: tuple[int, ...] = (4096, 4096, 256),
        predictor: tuple[int, ...] = (4096, 256),
        predictor_norm: bool = True,
        momentum: float = 0.99,
        final_momentum: float | None = 1.0,
        temperature: float = 0.2,
        freeze_tokens: bool = False,
        **kwargs,
    ):
        positive_number(temperature=temperature)
        norm = "plain" if predictor_norm else None
        super().__init__(
            encoder,
            mlp(embedding_width(encoder), projector, last_norm="plain", name="projector"),
            predictor_mlp(projector, predictor, last_norm=norm, last_bias=False),
            momentum,
            final_momentum,
            **kwargs,
        )
        self.temperature = temperature
        if freeze_tokens:
            _freeze_tokens(encoder)

    def loss_terms(self, batch, outputs, training):
        first, second = self.targets(batch, training)
        return {"info_nce": self._contrast(outputs[0], second) + self._contrast(outputs[1], first)}

    def _contrast(self, queries, keys):
        return 2 * self.temperature * info_nce(queries, keys, temperature=self.temperature)


def _freeze_tokens(encoder):
    """Freezes all layers up to the encoder's tokens; later fine-tuning may train them again."""
    names = [layer.name for layer in encoder.layers]
    if "tokens" not in names:
        raise ValueError(
            "MoCoV3(freeze_tokens=True) needs an encoder with a layer named tokens, such as "
            f"mmssl.encoders.vit_encoder(); {encoder.name} has {', '.join(names)}."
        )
    # Per variable: trainable=False on a layer would be saved with the encoder.
    for variable in keras.Model(encoder.input, encoder.get_layer("tokens").output).variables:
        variable.trainable = False
