"""Bootstrap your own latent."""

import keras

from mmssl.losses.negative_cosine import negative_cosine
from mmssl.methods.bases import StudentTeacher
from mmssl.methods.bases.heads import mlp
from mmssl.methods.bases.joint_embedding import embedding_width
from mmssl.methods.bases.student_teacher import predictor_mlp


class BYOL(StudentTeacher):
    """Bootstrap your own latent (Grill et al. 2020, arXiv 2006.07733).

    From each view the student predicts the teacher's projection of the other, without negatives;
    with L2-normalized predictions q and teacher projections z':

        loss = mean_i |q_1 - z'_2|^2 + mean_i |q_2 - z'_1|^2,    from 0 to 8

    The teacher is a moving average of encoder and projector whose momentum rises to
    `final_momentum` along a half cosine over the steps of the run; its batch norm uses the
    statistics of its own batch, as in the official code. That code initializes the teacher
    independently of the student; here their initial weights are equal, as in the paper.

    Batch:
        <input>_1, <input>_2: the encoder's inputs, once per view, such as `images_1` float32
            (B, H, W, 3) in [0, 1].

    Across replicas: the statistics of batch norm.

    Args:
        encoder: keras.Model of any modality.
        projector: widths of the projector's layers.
        predictor: widths of the predictor's layers, the last equal to the projector's.
        momentum: of the teacher at the first step, in [0, 1].
        final_momentum: of the teacher at the last step, in [0, 1]; None keeps `momentum`.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: an argument is out of range, or the output widths of the heads differ.
    """

    metric_names = ("distance",)

    def __init__(
        self,
        encoder: keras.Model,
        projector: tuple[int, ...] = (4096, 256),
        predictor: tuple[int, ...] = (4096, 256),
        momentum: float = 0.996,
        final_momentum: float | None = 1.0,
        **kwargs,
    ):
        super().__init__(
            encoder,
            mlp(embedding_width(encoder), projector, last_bias=False, name="projector"),
            predictor_mlp(projector, predictor, last_bias=False),
            momentum,
            final_momentum,
            **kwargs,
        )

    def loss_terms(self, batch, outputs, training):
        first, second = self.targets(batch, training)
        distances = negative_cosine(outputs[0], second) + negative_cosine(outputs[1], first)
        return {"distance": 4 + 2 * distances}
