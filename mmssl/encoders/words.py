"""A table of word vectors as an encoder of text."""

import keras

from mmssl.encoders.parts.tokens import token_inputs
from mmssl.layers import MaskedMean, VectorTable


def word_encoder(
    vocabulary_size: int = 30000, width: int = 100, with_contexts: bool = False
) -> keras.Model:
    """Builds a table of word vectors, whose embedding of a text is the mean of its words'.

    Vectors begin uniform within half of 1 / width, as in the codes of word2vec and GloVe.

    Args:
        vocabulary_size: number of word ids; 0 is the padding.
        width: of a vector.
        with_contexts: whether a word's vector is the sum of two, that of the word and that of the
            word as a context of others, as in GloVe.

    Returns:
        keras.Model from `token_ids` and `padding_mask`, int32 (B, L), to `features`
        (B, L, width), the words' vectors, and `embedding` (B, width), their mean.

    Reference:
        Mikolov, Chen, Corrado, Dean 2013, arXiv 1301.3781; Pennington, Socher, Manning 2014.
    """
    inputs = token_inputs()
    names = ("token_embedding", "context_embedding")[: 1 + with_contexts]
    tables = [_table(vocabulary_size, width, name) for name in names]
    vectors = [table(inputs["token_ids"]) for table in tables]
    features = keras.layers.Add(dtype="float32")(vectors) if with_contexts else vectors[0]
    embedding = MaskedMean(name="pool", dtype="float32")([features, inputs["padding_mask"]])
    return keras.Model(inputs, {"features": features, "embedding": embedding}, name="word_encoder")


def _table(rows, width, name):
    within = keras.initializers.RandomUniform(-0.5 / width, 0.5 / width)
    return VectorTable(rows, width, embeddings_initializer=within, name=name)
