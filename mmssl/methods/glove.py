"""GloVe: word vectors from how often words stand near each other."""

import keras
from keras import ops

from mmssl.layers import VectorTable
from mmssl.losses.glove import glove_loss
from mmssl.methods.bases import Pretrainer
from mmssl.methods.bases.requirements import required_layer


class GloVe(Pretrainer):
    """Global vectors (Pennington, Socher, Manning 2014).

    Products of word vectors v and context vectors u, with a bias of each, are fitted to the
    logarithms of the counts X of pairs:

        loss = mean over pairs of 1/2 f(X_ij) (v_i u_j + b_i + c_j - log X_ij)^2

    with f(x) = (x / x_max)^alpha, at most 1. The vector of a word is v + u; biases are not
    deployed.

    Batch (mmssl.pipelines.text.WordPairs):
        token_ids, padding_mask: int32 (B, 2), a word and one of its context.
        counts: float32 (B,), above 0.

    Across replicas: nothing.

    Args:
        encoder: keras.Model with tables named `token_embedding` and `context_embedding`, such as
            `mmssl.encoders.word_encoder(with_contexts=True)`.
        x_max: count from which on all pairs weigh the same, above 0.
        alpha: exponent of smaller counts, above 0.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: an argument is out of range, or the encoder has no such layers.
    """

    splits_batches = True
    sparse_gradients = True
    metric_names = ("error",)

    def __init__(self, encoder: keras.Model, x_max: float = 100.0, alpha: float = 0.75, **kwargs):
        super().__init__(encoder, **kwargs)
        if x_max <= 0 or alpha <= 0:
            raise ValueError(
                f"GloVe(x_max=..., alpha=...) must be above 0; got {x_max} and {alpha}."
            )
        self.x_max, self.alpha = x_max, alpha
        use = "mmssl.encoders.word_encoder(with_contexts=True)"
        names = ("token_embedding", "context_embedding")
        self.tables = [required_layer("GloVe", encoder, name, use) for name in names]
        size, width = self.tables[0].input_dim, self.tables[0].output_dim
        self.biases = [_biases(size, width, name) for name in ("word_bias", "context_bias")]

    def call(self, batch, training=False):
        """Scores pairs.

        Returns:
            float32 (B,).
        """
        ids = ops.unstack(batch["token_ids"], axis=1)
        words, contexts = (table(i) for table, i in zip(self.tables, ids, strict=True))
        biases = [table(i)[:, 0] for table, i in zip(self.biases, ids, strict=True)]
        return ops.sum(words * contexts, axis=-1) + sum(biases)

    def loss_terms(self, batch, outputs, training):
        return {"error": glove_loss(outputs, batch["counts"], self.x_max, self.alpha)}


def _biases(size, width, name):
    within = keras.initializers.RandomUniform(-0.5 / width, 0.5 / width)
    table = VectorTable(size, 1, embeddings_initializer=within, name=name)
    table.build()
    return table
