"""The base class of methods that compare two views of an example."""

import keras

from mmssl.methods.bases.heads import with_head
from mmssl.methods.bases.pretrainer import Pretrainer


class JointEmbedding(Pretrainer):
    """A method that embeds two views of every example and compares their projections.

    Args:
        encoder: keras.Model of any modality.
        projector: keras.Model from the embedding (B, D) to (B, D'), such as `heads.mlp`.
        **kwargs: passed to Pretrainer.
    """

    min_batch_size = 2

    def __init__(self, encoder: keras.Model, projector: keras.Model, **kwargs):
        super().__init__(encoder, **kwargs)
        self.student = with_head(encoder, projector)

    def call(self, batch, training=False):
        """Projects each view in a pass of its own, so that views do not share batch statistics.

        Returns:
            list of (B, D'), one per view.
        """
        return [
            self.student(view, training=training)["projection"] for view in self.views(batch, 2)
        ]

    def projection_model(self):
        projection = self.student.output["projection"]
        return keras.Model(self.encoder.input, {"embedding": projection})


def embedding_width(encoder):
    """Returns the width D of an encoder's embedding (B, D)."""
    return encoder.output["embedding"].shape[-1]
