"""SimCSE."""

import keras
from keras import ops

from mmssl.losses import debiased_info_nce
from mmssl.losses.debiased import check_negatives
from mmssl.losses.inputs import positive_number
from mmssl.methods.heads import behind_head
from mmssl.methods.joint_embedding import embedding_width
from mmssl.training.pretrainer import Pretrainer


class SimCSE(Pretrainer):
    """Unsupervised SimCSE (Gao, Yao, Chen 2021, arXiv 2104.08821).

    Every text is read twice; what differs is which units dropout leaves out. Each first reading h
    picks its second reading h' among those of the batch, by the cosine s:

        loss = -mean_i log( exp(s(h_i, h'_i) / T) / sum_j exp(s(h_i, h'_j) / T) )

    Behind the encoder's embedding stands a dense layer with tanh, which is used in training alone,
    as in the paper. The paper's embedding is the output at [CLS]: `bert_encoder(pool="token")`.

    With `class_prior` or `hardness` the negatives are freed of bias or weighted by hardness: see
    `mmssl.losses.debiased_info_nce`. The paper has neither.

    Batch:
        token_ids, padding_mask: int32 (B, L).

    Across replicas: the second readings, with gradients. Keras draws the same dropout on all
    replicas.

    Args:
        encoder: keras.Model with dropout, such as `mmssl.encoders.bert_encoder()`; without, both
            readings are the same and only the spread of the embeddings is trained.
        temperature: T, above 0.
        class_prior: share of negatives taken to be of the text's own class, in [0, 1).
        hardness: how much negatives that look alike weigh more, 0 or above.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: an argument is out of its range.
    """

    reports = ("info_nce",)

    def __init__(
        self,
        encoder: keras.Model,
        temperature: float = 0.05,
        class_prior: float = 0.0,
        hardness: float = 0.0,
        **kwargs,
    ):
        super().__init__(encoder, **kwargs)
        positive_number(temperature=temperature)
        check_negatives(class_prior, hardness)
        self.temperature = temperature
        self.class_prior = class_prior
        self.hardness = hardness
        width = embedding_width(encoder)
        self.head = keras.layers.Dense(width, "tanh", dtype="float32")
        self.head.build((None, width))

    def compared(self):
        return behind_head(self.encoder, self.head)

    def call(self, batch, training=False):
        """Reads every text twice.

        Returns:
            list of two (B, D).
        """
        twice = {name: ops.concatenate([batch[name]] * 2) for name in self.encoder.input}
        embeddings = self.encoder(twice, training=training)["embedding"]
        return ops.split(self.head(embeddings), 2)

    def loss_terms(self, batch, outputs, training):
        loss = debiased_info_nce(*outputs, None, self.temperature, self.class_prior, self.hardness)
        return {"info_nce": loss}
