"""Decoupled contrastive learning: a method in a file of your own."""

import keras
from keras import ops

from mmssl import distribution
from mmssl.methods.bases import JointEmbedding
from mmssl.methods.bases.heads import mlp
from mmssl.methods.bases.joint_embedding import embedding_width


class DCL(JointEmbedding):
    """Decoupled contrastive learning (Yeh et al. 2022, arXiv 2110.06848).

    SimCLR's loss without the positive in its denominator: an easy positive no longer takes the
    gradient away from the negatives, and small batches do.

        loss = mean_i( log sum_k exp(s_ik / T) - w_i s_ij / T ),    j the partner of view i

    over the 2N views of the batch, k those of other examples, s the cosine of projections. The
    weight w_i is 1, or with `sigma` 2 - exp(s_ij / sigma) / mean exp(s / sigma), so that positives
    that lie apart weigh more.

    Batch:
        <input>_1, <input>_2: the encoder's inputs once a view, such as `images_1` float32
            (B, H, W, 3) in [0, 1].

    Across replicas: projections and the mean of the weights, with gradients.

    Args:
        encoder: keras.Model of any modality.
        projector: widths of the projector's layers.
        temperature: T, above 0.
        sigma: above 0; None weighs all positives alike.
        **kwargs: passed to Pretrainer.
    """

    metric_names = ("dcl", "positive_cosine")

    def __init__(
        self,
        encoder: keras.Model,
        projector: tuple[int, ...] = (2048, 128),
        temperature: float = 0.1,
        sigma: float | None = None,
        **kwargs,
    ):
        if temperature <= 0 or (sigma is not None and sigma <= 0):
            raise ValueError(f"temperature and sigma are above 0; got {temperature} and {sigma}.")
        head = mlp(embedding_width(encoder), projector, name="projector")
        super().__init__(encoder, head, **kwargs)
        self.temperature = temperature
        self.sigma = sigma

    def loss_terms(self, batch, outputs, training):
        first, second = (ops.normalize(ops.cast(x, "float32")) for x in outputs)
        self.update_metric("positive_cosine", ops.mean(ops.sum(first * second, axis=-1)))
        return {"dcl": dcl_loss(first, second, self.temperature, self.sigma)}


def dcl_loss(first, second, temperature, sigma=None):
    """Takes the loss of DCL over unit vectors, two float32 (B, D), a row an example."""
    positives = ops.sum(first * second, axis=-1)
    weights = 1.0
    if sigma is not None:
        density = ops.exp(positives / sigma)
        weights = 2 - density / distribution.mean(ops.mean(density))
    attraction = ops.mean(weights * positives) / temperature
    return repulsion(first, second, temperature) - attraction


def repulsion(first, second, temperature):
    """Averages log sum exp(s / T) over the views, s their cosines with views of other examples."""
    # Row 2i and row 2i + 1 are the views of example i, so that one gather keeps them together.
    views = ops.reshape(ops.stack([first, second], axis=1), (-1, first.shape[-1]))
    everyone = distribution.gather(views)
    rows = ops.shape(views)[0]
    own = (ops.arange(rows) + distribution.first_row(rows)) // 2
    other = own[:, None] != ops.arange(ops.shape(everyone)[0]) // 2
    scores = ops.matmul(views, ops.transpose(everyone)) / temperature
    return ops.mean(ops.logsumexp(ops.where(other, scores, -1e30), axis=-1))
