"""SimCSE."""

import keras
from keras import ops

from mmssl.losses.info_nce import info_nce
from mmssl.losses.parts.inputs import positive_number
from mmssl.methods.bases import Pretrainer
from mmssl.methods.bases.heads import behind_head
from mmssl.methods.bases.joint_embedding import embedding_width


class SimCSE(Pretrainer):
    """Contrastive learning of dropout's views (Gao, Yao, Chen 2021, arXiv 2104.08821).

    Every text is encoded twice with different dropout masks. For each first embedding h, its second
    embedding h' is classified among those of the batch, with s the cosine similarity:

        loss = -mean_i log( exp(s(h_i, h'_i) / T) / sum_j exp(s(h_i, h'_j) / T) )

    A dense layer with tanh follows the encoder's embedding in training only, as in the paper. The
    paper's embedding is the output at [CLS]: `bert_encoder(pool="token")`.

    Batch:
        token_ids, padding_mask: int32 (B, L).

    Across replicas: the second embeddings, with gradients. Keras draws the same dropout masks on
    all replicas.

    Args:
        encoder: keras.Model with dropout, such as `mmssl.encoders.bert_encoder()`; without dropout,
            both embeddings are equal and only their uniformity is trained.
        temperature: T, above 0.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: an argument is out of range.
    """

    metric_names = ("info_nce",)
    min_batch_size = 2

    def __init__(self, encoder: keras.Model, temperature: float = 0.05, **kwargs):
        super().__init__(encoder, **kwargs)
        positive_number(temperature=temperature)
        self.temperature = temperature
        width = embedding_width(encoder)
        self.head = keras.layers.Dense(width, "tanh", dtype="float32", name="projection_head")
        self.head.build((None, width))

    def projection_model(self):
        return behind_head(self.encoder, self.head)

    def call(self, batch, training=False):
        """Encodes and projects every text twice, with different dropout masks.

        Returns:
            list of two (B, D).
        """
        twice = {name: ops.concatenate([batch[name]] * 2) for name in self.encoder.input}
        embeddings = self.encoder(twice, training=training)["embedding"]
        return ops.split(self.head(embeddings), 2)

    def loss_terms(self, batch, outputs, training):
        return {"info_nce": info_nce(*outputs, temperature=self.temperature)}
