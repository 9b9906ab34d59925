"""SimCLR."""

import keras
from keras import ops

from mmssl.losses.nt_xent import nt_xent
from mmssl.losses.parts.inputs import positive_number
from mmssl.methods.bases import JointEmbedding
from mmssl.methods.bases.heads import mlp
from mmssl.methods.bases.joint_embedding import embedding_width


class SimCLR(JointEmbedding):
    """Contrastive learning of views (Chen, Kornblith, Norouzi, Hinton 2020, arXiv 2002.05709).

    Classifies each view's partner, the other view of its example, among all 2N - 1 other views in
    the batch, with s the cosine similarity of projections:

        loss = -mean_i log( exp(s_ij / T) / sum_{k != i} exp(s_ik / T) ),    j the partner of i

    This is the mean over the 2N views, as in the paper; the official code sums the means of the two
    directions, which is twice as much. As in that code, the projector's layers have batch norm, the
    last one without an offset, and both views share batch statistics.

    Batch:
        <input>_1, <input>_2: the encoder's inputs, once per view, such as `images_1` float32
            (B, H, W, 3) in [0, 1].

    Across replicas: projections, with gradients, and the statistics of batch norm.

    Args:
        encoder: keras.Model of any modality.
        projector: widths of the projector's layers; two in the paper, the last one 128.
        temperature: T, above 0.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: an argument is out of range.
    """

    metric_names = ("nt_xent",)

    def __init__(
        self,
        encoder: keras.Model,
        projector: tuple[int, ...] = (2048, 128),
        temperature: float = 0.1,
        **kwargs,
    ):
        positive_number(temperature=temperature)
        head = mlp(embedding_width(encoder), projector, last_norm="scale", name="projector")
        super().__init__(encoder, head, **kwargs)
        self.temperature = temperature

    def call(self, batch, training=False):
        both = self.join(self.views(batch, 2))
        return ops.split(self.student(both, training=training)["projection"], 2)

    def loss_terms(self, batch, outputs, training):
        return {"nt_xent": nt_xent(*outputs, self.temperature)}
