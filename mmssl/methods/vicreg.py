"""VICReg."""

import keras

from mmssl.losses.vicreg import vicreg_terms
from mmssl.methods.bases import JointEmbedding
from mmssl.methods.bases.heads import mlp
from mmssl.methods.bases.joint_embedding import embedding_width

WEIGHTS = {"invariance": 25.0, "variance": 25.0, "covariance": 1.0}


class VICReg(JointEmbedding):
    """Variance-invariance-covariance regularization (Bardes, Ponce, LeCun 2021, arXiv 2105.04906).

    Pulls the projections of two views together, while each dimension keeps a standard deviation of
    at least one over the batch and is decorrelated from all others:

        invariance = mean_{i, d} (z_id - z'_id)^2
        variance   = (v(z) + v(z')) / 2,    v(z) = mean_d max(0, 1 - sqrt(Var z_d + 1e-4))
        covariance = c(z) + c(z'),          c(z) = sum_{d != e} Cov(z_d, z_e)^2 / D
        loss = 25 invariance + 25 variance + covariance

    The variance term is halved as in the official code; the paper's equations sum the two views.
    Projections are not normalized.

    Batch:
        <input>_1, <input>_2: the encoder's inputs, once per view, such as `images_1` float32
            (B, H, W, 3) in [0, 1].

    Across replicas: variances and covariances, with gradients, and the statistics of batch norm.

    Args:
        encoder: keras.Model of any modality.
        projector: widths of the expander's layers, the last of which has no bias.
        loss_weights: dict from `invariance`, `variance` or `covariance` to its weight, if it is to
            differ from 25, 25 or 1.
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
