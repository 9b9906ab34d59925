"""The base class of methods whose student predicts a teacher's projection of another view."""

import keras

from mmssl.methods.bases.heads import mlp
from mmssl.methods.bases.joint_embedding import JointEmbedding
from mmssl.methods.bases.teacher import EMATeacher


class StudentTeacher(JointEmbedding):
    """A method whose student predicts, from one view, its teacher's projection of the other.

    The teacher is a moving average of encoder and projector whose momentum follows a half cosine
    over the steps of the run; its batch norm uses the statistics of its own batch. The predictor is
    not part of the teacher.

    Args:
        encoder: keras.Model of any modality.
        projector: keras.Model from the embedding (B, D) to (B, D').
        predictor: keras.Model from (B, D') to (B, D').
        momentum: of the teacher at the first step, in [0, 1].
        final_momentum: of the teacher at the last step, in [0, 1]; None keeps `momentum`.
        **kwargs: passed to Pretrainer.
    """

    def __init__(
        self,
        encoder: keras.Model,
        projector: keras.Model,
        predictor: keras.Model,
        momentum: float = 0.996,
        final_momentum: float | None = 1.0,
        **kwargs,
    ):
        super().__init__(encoder, projector, **kwargs)
        self.predictor = predictor
        self.teacher = EMATeacher(self.student, momentum, final_momentum, statistics="own")

    def set_total_steps(self, steps):
        self.teacher.steps = steps

    def call(self, batch, training=False):
        """Predicts from each view.

        Returns:
            list of (B, D'), one per view.
        """
        return [self.predictor(z, training=training) for z in super().call(batch, training)]

    def targets(self, batch, training):
        """Updates the teacher and computes its projection of each view.

        Args:
            batch: dict of tensors.
            training: whether this is a training step, in which the teacher is updated.

        Returns:
            list of (B, D'), one per view, without gradients.
        """
        if training:
            self.teacher.update(self.student)
        return [
            self.teacher(view, training=training)["projection"] for view in self.views(batch, 2)
        ]


def predictor_mlp(projector, predictor, **kwargs):
    """Builds a predictor, whose output width equals its input width.

    Args:
        projector: widths of the projector's layers.
        predictor: widths of the predictor's layers.
        **kwargs: passed to `mlp`.

    Returns:
        keras.Model from (B, D') to (B, D').

    Raises:
        ValueError: the output widths of projector and predictor differ.
    """
    if tuple(predictor)[-1:] != tuple(projector)[-1:]:
        raise ValueError(
            f"The predictor {tuple(predictor)} must end in the same width as the projector "
            f"{tuple(projector)}, whose outputs it predicts."
        )
    return mlp(projector[-1], predictor, name="predictor", **kwargs)
