"""VICReg."""

import keras

from mmssl.losses.vicreg import vicreg_terms
from mmssl.methods.bases import JointEmbedding
from mmssl.methods.bases.heads import mlp
from mmssl.methods.bases.joint_embedding import embedding_width

WEIGHTS = {"invariance": 25.0, "variance": 25.0, "covariance": 1.0}


class VICReg(JointEmbedding):
    """Variance, invariance, covariance (Bardes, Ponce, LeCun 2021, arXiv 2105.04906).

    Projections of two views are to be equal, while each dimension keeps a deviation of one over the
    batch and correlates with no other:

        invariance = mean_{i, d} (z_id - z'_id)^2
        variance   = (v(z) + v(z')) / 2,    v(z) = mean_d max(0, 1 - sqrt(Var z_d + 1e-4))
        covariance = c(z) + c(z'),          c(z) = sum_{d != e} Cov(z_d, z_e)^2 / D
        loss = 25 invariance + 25 variance + covariance

    The half of the variance is the official code's; the paper's equations sum the two. Nothing is
    brought to length one.

    Batch:
        <input>_1, <input>_2: the encoder's inputs once a view, such as `images_1` float32
            (B, H, W, 3) in [0, 1].

    Across replicas: variances and covariances, with gradients, and the statistics of batch norm.

    Args:
        encoder: keras.Model of any modality.
        projector: widths of the expander's layers; the last has no bias.
        loss_weights: dict of those of the terms that are to differ from 25, 25 and 1.
        **kwargs: passed to Pretrainer.
    """

    metric_names = tuple(WEIGHTS)
    norm_sensitive = True

    def __init__(
        self,
        encoder: keras.Model,
        projector: tuple[int, ...] = (8192, 8192, 8192),
        loss_weights: dict[str, float] | None = None,
        **kwargs,
    ):
        head = mlp(embedding_width(encoder), projector, last_bias=False, name="projector")
        weights = {**WEIGHTS, **(loss_weights or {})}
        super().__init__(encoder, head, loss_weights=weights, **kwargs)

    def loss_terms(self, batch, outputs, training):
        return vicreg_terms(*outputs)
