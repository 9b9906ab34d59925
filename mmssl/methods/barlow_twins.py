"""Barlow Twins."""

import keras

from mmssl.losses.barlow_twins import barlow_twins_loss
from mmssl.losses.parts.inputs import positive_number
from mmssl.methods.bases import JointEmbedding
from mmssl.methods.bases.heads import mlp
from mmssl.methods.bases.joint_embedding import embedding_width
from mmssl.optimizers import paired
from mmssl.optimizers.biases_and_norms import is_bias_or_norm


class BarlowTwins(JointEmbedding):
    """Redundancy reduction (Zbontar, Jing, Misra, LeCun, Deny 2021, arXiv 2103.03230).

    The cross-correlation matrix C of two views' projections, standardized over the batch, is pulled
    towards the identity:

        loss = sum_i (C_ii - 1)^2 + w sum_{i != j} C_ij^2

    The loss is a sum over dimensions, as in the official code; with fewer dimensions, w should be
    larger: start with 0.0051 times 8192 over their number. C is that of the global batch on every
    replica, with exact gradients. Those of the official code are divided by its number R of
    replicas, 16: LARS undoes that where it adapts the rate, but biases and norms move R times less,
    and weight decay is R times larger beside the gradient.

    Batch:
        <input>_1, <input>_2: the encoder's inputs, once per view, such as `images_1` float32
            (B, H, W, 3) in [0, 1].

    Across replicas: C, with gradients, and the statistics of batch norm.

    Args:
        encoder: keras.Model of any modality.
        projector: widths of the projector's layers, none of which has a bias.
        off_diagonal_weight: w, 0 or more.
        bias_lr_ratio: learning rate of biases and norms, relative to that of all other variables;
            above 0. With LARS, which adapts only the others, 0.0015: 0.0048 to 0.2 in the official
            code, divided by R. Use 1 with AdamW.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: an argument is out of range.
    """

    metric_names = ("barlow_twins",)

    def __init__(
        self,
        encoder: keras.Model,
        projector: tuple[int, ...] = (8192, 8192, 8192),
        off_diagonal_weight: float = 0.0051,
        bias_lr_ratio: float = 0.0015,
        **kwargs,
    ):
        if off_diagonal_weight < 0:
            raise ValueError(
                "BarlowTwins(off_diagonal_weight=...) must be 0 or more; got "
                f"{off_diagonal_weight}."
            )
        positive_number(bias_lr_ratio=bias_lr_ratio)
        # The loss standardizes projections: batch norm after the last layer would do it twice.
        head = mlp(embedding_width(encoder), projector, last_bias=False, name="projector")
        super().__init__(encoder, head, **kwargs)
        self.off_diagonal_weight = off_diagonal_weight
        self.bias_lr_ratio = bias_lr_ratio

    def loss_terms(self, batch, outputs, training):
        return {"barlow_twins": barlow_twins_loss(*outputs, self.off_diagonal_weight)}

    def make_optimizers(self, make):
        variables = self.trainable_variables
        biases_and_norms = list(filter(is_bias_or_norm, variables))
        pair = paired(make, variables, biases_and_norms, rate=self.bias_lr_ratio)
        return {"optimizer": pair}
