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

    A prediction q from one view picks the teacher's projection k of the other view among those of
    the whole batch, by the cosine s, both ways round:

        loss = contrast(q_1, k_2) + contrast(q_2, k_1)
        contrast(q, k) = -2 T mean_i log( exp(s(q_i, k_i) / T) / sum_j exp(s(q_i, k_j) / T) )

    The teacher is a moving average of encoder and projector whose momentum rises to
    `final_momentum` along a half cosine, over the steps of the run; it normalizes by the statistics
    of its own batch. The predictor has no teacher. Heads have no biases, as in the official code.

    Batch:
        <input>_1, <input>_2: the encoder's inputs once a view, such as `images_1` float32
            (B, H, W, 3) in [0, 1].

    Across replicas: the keys, and the statistics of batch norm.

    Args:
        encoder: keras.Model of any modality.
        projector: widths of the projector's layers, batch norm after each; three for the paper's
            ViT, two, (4096, 256), for its ResNet.
        predictor: widths of the predictor's layers; the last is the projector's.
        predictor_norm: batch norm after the predictor's last layer, as for the paper's ViT, and not
            for its ResNet.
        momentum: of the teacher at the first step, in [0, 1].
        final_momentum: at the last; None keeps the first.
        temperature: T, above 0; 0.2 for the paper's ViT, 1 for its ResNet.
        freeze_tokens: keep the patch embedding, up to the layer `tokens`, as it was drawn, which
            spares large transformers dips in training.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: an argument is out of its range, the heads do not end in one width, or there are
            no tokens to freeze.
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
    """Keeps what leads to the encoder's tokens as it is; a later fine-tuning may train it again."""
    names = [layer.name for layer in encoder.layers]
    if "tokens" not in names:
        raise ValueError(
            f"MoCoV3(freeze_tokens=True) takes an encoder with a layer named tokens, such as "
            f"mmssl.encoders.vit_encoder(); {encoder.name} has {', '.join(names)}."
        )
    # Per variable: trainable=False on a layer would be saved with the encoder.
    for variable in keras.Model(encoder.input, encoder.get_layer("tokens").output).variables:
        variable.trainable = False
