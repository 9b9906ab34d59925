"""Simple siamese networks."""

import keras
from keras import ops

from mmssl.losses.negative_cosine import negative_cosine
from mmssl.methods.bases import JointEmbedding
from mmssl.methods.bases.heads import mlp
from mmssl.methods.bases.joint_embedding import embedding_width
from mmssl.methods.bases.student_teacher import predictor_mlp
from mmssl.optimizers import paired


class SimSiam(JointEmbedding):
    """Simple siamese representation learning (Chen, He 2020, arXiv 2011.10566).

    From the projection z of each view, a predictor predicts, as p, the projection of the other
    view, through which no gradient flows (sg); there are neither negatives nor a teacher:

        loss = -(mean_i cos(p_1, sg(z_2)) + mean_i cos(p_2, sg(z_1))) / 2,    from -1 to 1

    The predictor's learning rate stays at its peak while that of all other variables decays, as in
    the paper. Unlike there, biases and norms have no weight decay.

    Batch:
        <input>_1, <input>_2: the encoder's inputs, once per view, such as `images_1` float32
            (B, H, W, 3) in [0, 1].

    Across replicas: the statistics of batch norm.

    Args:
        encoder: keras.Model of any modality.
        projector: widths of the projector's layers, with batch norm after each.
        predictor: widths of the predictor's layers, with batch norm after all but the last; the
            last equals the projector's, the one before is a quarter of it in the paper.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: the output widths of the heads differ.
    """

    metric_names = ("negative_cosine",)

    def __init__(
        self,
        encoder: keras.Model,
        projector: tuple[int, ...] = (2048, 2048, 2048),
        predictor: tuple[int, ...] = (512, 2048),
        **kwargs,
    ):
        head = mlp(embedding_width(encoder), projector, last_norm="plain", name="projector")
        super().__init__(encoder, head, **kwargs)
        self.predictor = predictor_mlp(projector, predictor)

    def call(self, batch, training=False):
        """Projects each view and predicts from each projection.

        Returns:
            dict of `projections` and `predictions`, lists of (B, D'), one per view.
        """
        projections = super().call(batch, training)
        predictions = [self.predictor(z, training=training) for z in projections]
        return {"projections": projections, "predictions": predictions}

    def loss_terms(self, batch, outputs, training):
        p1, p2 = outputs["predictions"]
        z1, z2 = map(self.target, outputs["projections"])
        return {"negative_cosine": (negative_cosine(p1, z2) + negative_cosine(p2, z1)) / 2}

    def target(self, projections):
        """Stops the gradient of projections, without which all of them become equal.

        Args:
            projections: (B, D).

        Returns:
            (B, D), without gradients.
        """
        return ops.stop_gradient(projections)

    def make_optimizers(self, make):
        predicting = self.predictor.trainable_variables
        return {"optimizer": paired(make, self.trainable_variables, predicting, constant=True)}
