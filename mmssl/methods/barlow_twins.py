"""Barlow Twins."""

import keras

from mmssl.losses.barlow_twins import barlow_twins_loss
from mmssl.losses.parts.inputs import positive_number
from mmssl.methods.bases import JointEmbedding
from mmssl.methods.bases.heads import mlp
from mmssl.methods.bases.joint_embedding import embedding_width
from mmssl.optimizers import paired


class BarlowTwins(JointEmbedding):
    """Redundancy reduction (Zbontar, Jing, Misra, LeCun, Deny 2021, arXiv 2103.03230).

    The dimensions of two views' projections, each standardized over the batch, are to correlate
    with themselves and not with each other; C is their cross-correlation:

        loss = sum_i (C_ii - 1)^2 + w sum_{i != j} C_ij^2

    A sum over dimensions, as in the official code; w grows where they are fewer: 0.0051 times 8192
    over their number is a start. C is that of the whole batch on every replica, with true gradients
    (the official code's are the share of one replica).

    Batch:
        <input>_1, <input>_2: the encoder's inputs once a view, such as `images_1` float32
            (B, H, W, 3) in [0, 1].

    Across replicas: C, with gradients, and the statistics of batch norm.

    Args:
        encoder: keras.Model of any modality.
        projector: widths of the projector's layers, none of them with a bias.
        off_diagonal_weight: w, 0 or more.
        bias_lr_ratio: the learning rate of biases and norms as a share of all others', above 0;
            0.0048 to 0.2 in the official code, whose LARS adapts the others alone. 1 suits AdamW.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: an argument is out of its range.
    """

    metric_names = ("barlow_twins",)

    def __init__(
        self,
        encoder: keras.Model,
        projector: tuple[int, ...] = (8192, 8192, 8192),
        off_diagonal_weight: float = 0.0051,
        bias_lr_ratio: float = 0.024,
        **kwargs,
    ):
        if off_diagonal_weight < 0:
            raise ValueError(
                f"BarlowTwins(off_diagonal_weight=...) is 0 or more; got {off_diagonal_weight}."
            )
        positive_number(bias_lr_ratio=bias_lr_ratio)
        # The loss standardizes what comes last: a norm there would do it twice.
        head = mlp(embedding_width(encoder), projector, last_bias=False, name="projector")
        super().__init__(encoder, head, **kwargs)
        self.off_diagonal_weight = off_diagonal_weight
        self.bias_lr_ratio = bias_lr_ratio

    def loss_terms(self, batch, outputs, training):
        return {"barlow_twins": barlow_twins_loss(*outputs, self.off_diagonal_weight)}

    def make_optimizers(self, make):
        variables = self.trainable_variables
        small = [v for v in variables if len(v.shape) < 2 or v.name == "bias"]
        return {"optimizer": paired(make, variables, small, rate=self.bias_lr_ratio)}
