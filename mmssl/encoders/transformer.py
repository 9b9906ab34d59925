"""Transformer encoders of tokens."""

from typing import Literal

import keras
import numpy as np
from keras import ops
from keras_hub.layers import PositionEmbedding

from mmssl.encoders.transformer_blocks import transformer_blocks
from mmssl.layers import MaskedMean, PaddingMask, SegmentIds

EPSILON = 1e-12  # of every layer norm


@keras.saving.register_keras_serializable("mmssl")
class Waves(keras.initializers.Initializer):
    """Starts a position table as sines and cosines (Vaswani et al. 2017, 1706.03762).

    Neighbouring positions are then alike, and a fixed offset is a rotation, the same everywhere:
    attention to neighbours is found in hundreds of steps instead of thousands.

    Args:
        deviation: root mean square of the table.
    """

    def __init__(self, deviation=0.02):
        self.deviation = deviation

    def __call__(self, shape, dtype=None):
        length, width = shape
        rates = 10000.0 ** (-2.0 * (np.arange(width) // 2) / width)
        angles = np.arange(length)[:, None] * rates
        waves = np.where(np.arange(width) % 2, np.cos(angles), np.sin(angles))
        return ops.convert_to_tensor(self.deviation * 2**0.5 * waves, dtype=dtype)

    def get_config(self):
        return {"deviation": self.deviation}


def bert_encoder(
    vocabulary_size: int = 30522,
    length: int = 512,
    width: int = 768,
    depth: int = 12,
    heads: int = 12,
    feed_forward: int = 3072,
    dropout: float = 0.1,
    positions: Literal["learned", "rotary"] = "learned",
    separator: int = 3,
) -> keras.Model:
    """Builds BERT's encoder: summed embeddings and transformer blocks.

    The segment of a token is read off the separators before it, so a single text and a pair take
    the same two inputs.

    Args:
        vocabulary_size: number of token ids.
        length: longest sequence, in tokens.
        width: width of the model and of the embedding; a multiple of `heads`.
        depth: number of blocks.
        heads: attention heads a block.
        feed_forward: width inside the feed-forward part.
        dropout: rate in [0, 1), on the embeddings and inside the blocks.
        positions: `learned` is the paper's table, started as sines and cosines; `rotary` turns
            queries and keys by their place instead (Su et al. 2021, 2104.09864), which leaves the
            plateau of a short training in a fifth of the steps.
        separator: token id of [SEP].

    Returns:
        keras.Model from `token_ids` and `padding_mask`, int32 (B, L) with L up to `length`, to
        `features` (B, L, width) and `embedding` (B, width), their mean over the tokens.

    Raises:
        ValueError: `width` is no multiple of `heads`, or a head is too odd to be turned.

    Reference:
        Devlin, Chang, Lee, Toutanova 2019, arXiv 1810.04805.
    """
    rotary = positions == "rotary"
    if width % heads or (rotary and width // heads % 2):
        raise ValueError(
            "bert_encoder needs a width that its heads divide, with rotary positions into even "
            f"parts; got width={width}, heads={heads}."
        )
    initializer = keras.initializers.TruncatedNormal(stddev=0.02)
    token_ids = keras.Input((None,), dtype="int32", name="token_ids")
    padding_mask = keras.Input((None,), dtype="int32", name="padding_mask")

    tokens = keras.layers.ReversibleEmbedding(
        vocabulary_size, width, embeddings_initializer=initializer, name="token_embedding"
    )(token_ids)
    segments = keras.layers.Embedding(
        2, width, embeddings_initializer=initializer, name="segment_embedding"
    )(SegmentIds(separator)(token_ids))
    summands = [tokens, segments]
    if not rotary:
        table = PositionEmbedding(length, initializer=Waves(), name="position_embedding")
        summands.append(table(tokens))
    x = keras.layers.Add()(summands)
    x = keras.layers.LayerNormalization(epsilon=EPSILON)(x)
    x = keras.layers.Dropout(dropout)(x)
    x = transformer_blocks(
        x,
        PaddingMask(name="visible")(padding_mask),
        depth,
        heads,
        feed_forward,
        norm="post",
        dropout=dropout,
        epsilon=EPSILON,
        rotary=rotary,
    )
    embedding = MaskedMean(name="pool", dtype="float32")([x, padding_mask])
    return keras.Model(
        {"token_ids": token_ids, "padding_mask": padding_mask},
        {"features": x, "embedding": embedding},
        name="bert_encoder",
    )
