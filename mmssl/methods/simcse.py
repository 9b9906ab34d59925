"""SimCSE."""

from typing import Literal

import keras
from keras import ops

from mmssl.losses import info_nce
from mmssl.losses.inputs import positive_number
from mmssl.methods.heads import behind_head
from mmssl.methods.joint_embedding import embedding_width
from mmssl.training.pretrainer import Pretrainer


class SimCSE(Pretrainer):
    """Unsupervised SimCSE (Gao, Yao, Chen 2021, arXiv 2104.08821).

    Every text is read twice; what differs is which units dropout leaves out. Each first reading h
    picks its second reading h' among those of the batch, by the cosine s:

        loss = -mean_i log( exp(s(h_i, h'_i) / T) / sum_j exp(s(h_i, h'_j) / T) )

    Behind the pooling stands a dense layer with tanh, which is used in training alone, as in the
    paper. The paper trains the output at [CLS] and deploys it; here the mean over the tokens is
    the default, since it is the embedding that `bert_encoder` deploys.

    Batch:
        token_ids, padding_mask: int32 (B, L).

    Across replicas: the second readings, with gradients. Keras draws the same dropout on all
    replicas.

    Args:
        encoder: keras.Model with dropout, such as `mmssl.encoders.bert_encoder()`; without, both
            readings are the same and only the spread of the embeddings is trained.
        temperature: T, above 0.
        pooling: what is trained, the encoder's own embedding (`mean`) or the features of the
            first `token`, [CLS].
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: the temperature is not above 0.
    """

    reports = ("info_nce",)

    def __init__(
        self,
        encoder: keras.Model,
        temperature: float = 0.05,
        pooling: Literal["mean", "token"] = "mean",
        **kwargs,
    ):
        super().__init__(encoder, **kwargs)
        positive_number(temperature=temperature)
        self.temperature = temperature
        self.pooling = pooling
        self.head = keras.layers.Dense(embedding_width(encoder), "tanh", dtype="float32")
        self.head.build((None, self._pooled(encoder.output).shape[-1]))

    def compared(self):
        return behind_head(self.encoder, self.head)

    def call(self, batch, training=False):
        """Reads every text twice.

        Returns:
            list of two (B, D).
        """
        twice = {name: ops.concatenate([batch[name]] * 2) for name in self.encoder.input}
        outputs = self.encoder(twice, training=training)
        return ops.split(self.head(self._pooled(outputs)), 2)

    def loss_terms(self, batch, outputs, training):
        return {"info_nce": info_nce(*outputs, temperature=self.temperature)}

    def _pooled(self, outputs):
        if self.pooling == "token":
            return outputs["features"][:, 0]
        return outputs["embedding"]
