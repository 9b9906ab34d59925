"""A transformer decoder as an encoder of text, and the same token by token."""

from typing import Literal

import keras
from keras import ops
from keras_hub.layers import PositionEmbedding

from mmssl.encoders.blocks import blocks
from mmssl.encoders.transformer import Waves, approximate_gelu
from mmssl.layers import CausalAttention, CausalMask, MaskedMean
from mmssl.layers.causal_attention import earlier

EPSILON = 1e-5  # of every layer norm


@keras.saving.register_keras_serializable("mmssl")
class CausalBlock(keras.layers.Layer):
    """Pre-norm transformer block whose tokens see nothing after them (Radford et al. 2019, GPT-2).

        y = x + attention(norm(x));  out = y + contract(gelu(expand(norm(y))))

    Args:
        heads: attention heads; divides the width.
        feed_forward: width inside the feed-forward part.
        dropout: rate in [0, 1), on the attention weights and on what each part adds.
        rotary: see CausalAttention.
        depth: blocks in the model. The kernels that add to the residual stream start smaller by
            sqrt(2 depth), so that the stream does not grow with the number of blocks.

    Call arguments and returns: see CausalAttention.
    """

    def __init__(self, heads, feed_forward, dropout=0.0, rotary=False, depth=1, **kwargs):
        super().__init__(**kwargs)
        self.heads = heads
        self.feed_forward = feed_forward
        self.dropout = dropout
        self.rotary = rotary
        self.depth = depth

    def build(self, x_shape, visible_shape):
        width = x_shape[-1]
        options = {"dtype": self.dtype_policy}
        norm = {"epsilon": EPSILON, **options}
        initial = keras.initializers.RandomNormal(stddev=0.02)
        adding = keras.initializers.RandomNormal(stddev=0.02 / (2 * self.depth) ** 0.5)
        self.attention_norm = keras.layers.LayerNormalization(name="attention_norm", **norm)
        self.attention = CausalAttention(
            self.heads, self.dropout, self.rotary, initial, adding, name="attention", **options
        )
        self.feed_forward_norm = keras.layers.LayerNormalization(name="feed_forward_norm", **norm)
        self.expand = keras.layers.Dense(
            self.feed_forward,
            approximate_gelu,
            kernel_initializer=initial,
            name="expand",
            **options,
        )
        self.contract = keras.layers.Dense(
            width, kernel_initializer=adding, name="contract", **options
        )
        self.attention_drop = keras.layers.Dropout(self.dropout, **options)
        self.feed_forward_drop = keras.layers.Dropout(self.dropout, **options)
        self.attention.build(x_shape, visible_shape)
        for layer in (self.attention_norm, self.feed_forward_norm, self.expand):
            layer.build(x_shape)
        self.contract.build((*x_shape[:-1], self.feed_forward))

    def call(self, x, visible, cache=None, index=0, training=None):
        seen = self.attention(
            self.attention_norm(x), visible, cache=cache, index=index, training=training
        )
        if cache is not None:
            seen, cache = seen
        x = x + self.attention_drop(seen, training=training)
        inner = self.expand(self.feed_forward_norm(x))
        x = x + self.feed_forward_drop(self.contract(inner), training=training)
        return x if cache is None else (x, cache)

    def compute_output_spec(self, x, visible, **kwargs):
        return keras.KerasTensor(x.shape, dtype=self.compute_dtype)

    def get_config(self):
        return {
            **super().get_config(),
            "heads": self.heads,
            "feed_forward": self.feed_forward,
            "dropout": self.dropout,
            "rotary": self.rotary,
            "depth": self.depth,
        }


def gpt_encoder(
    vocabulary_size: int = 40000,
    length: int = 512,
    width: int = 768,
    depth: int = 12,
    heads: int = 12,
    feed_forward: int = 3072,
    dropout: float = 0.1,
    positions: Literal["learned", "rotary"] = "learned",
    separator: int | None = None,
) -> keras.Model:
    """Builds GPT's decoder with the norms of GPT-2: a token sees itself and those before it.

    Args:
        vocabulary_size: number of token ids.
        length: longest sequence, in tokens.
        width: width of the model and of the embedding; a multiple of `heads`.
        depth: number of blocks.
        heads: attention heads a block.
        feed_forward: width inside the feed-forward part.
        dropout: rate in [0, 1), on the embeddings, the attention weights and what each part of a
            block adds.
        positions: `learned` is the paper's table, started as sines and cosines; `rotary` turns
            queries and keys by their place (Su et al. 2021, 2104.09864), which learns a small
            corpus in a fraction of the steps.
        separator: token id that begins a document where tokens may see their own document only;
            None where they may see all that is before them.

    Returns:
        keras.Model from `token_ids` and `padding_mask`, int32 (B, L) with L up to `length` and
        padding behind the text, to `features` (B, L, width) and `embedding` (B, width), their mean
        over the tokens.

    Raises:
        ValueError: `width` is no multiple of `heads`, or a head is too odd to be turned.

    Reference:
        Radford, Narasimhan, Salimans, Sutskever 2018; Radford et al. 2019.
    """
    if width % heads or (positions == "rotary" and width // heads % 2):
        raise ValueError(
            f"gpt_encoder needs a width that its heads divide, with rotary positions into even "
            f"parts; got width={width}, heads={heads}."
        )
    token_ids = keras.Input((None,), dtype="int32", name="token_ids")
    padding_mask = keras.Input((None,), dtype="int32", name="padding_mask")

    x = keras.layers.ReversibleEmbedding(
        vocabulary_size,
        width,
        embeddings_initializer=keras.initializers.RandomNormal(stddev=0.02),
        reverse_dtype="float32",
        name="token_embedding",
    )(token_ids)
    if positions == "learned":
        table = PositionEmbedding(length, initializer=Waves(), name="position_embedding")
        x = keras.layers.Add()([x, table(x)])
    x = keras.layers.Dropout(dropout)(x)
    visible = CausalMask(length, separator, name="visible")(token_ids, padding_mask)
    for number in range(1, depth + 1):
        x = CausalBlock(
            heads, feed_forward, dropout, positions == "rotary", depth, name=f"block_{number}"
        )(x, visible)
    x = keras.layers.LayerNormalization(epsilon=EPSILON, name="norm")(x)

    embedding = MaskedMean(name="pool", dtype="float32")([x, padding_mask])
    return keras.Model(
        {"token_ids": token_ids, "padding_mask": padding_mask},
        {"features": x, "embedding": embedding},
        name="gpt_encoder",
    )


def context_length(encoder):
    """Tells how many tokens a model of `gpt_encoder` takes."""
    return encoder.get_layer("visible").sequence_length


def empty_cache(encoder, rows, length):
    """Makes room for the keys and values of a model's blocks.

    Args:
        encoder: keras.Model of `gpt_encoder`.
        rows: B, sequences at once.
        length: S, tokens of a sequence, those to come included.

    Returns:
        list of a pair of zeros (B, heads, S, width / heads) a block.
    """
    width = encoder.get_layer("token_embedding").output_dim
    layers = [encoder.get_layer(name) for name in blocks(encoder)]
    shapes = [(rows, layer.heads, length, width // layer.heads) for layer in layers]
    return [
        tuple(ops.zeros(shape, layer.compute_dtype) for _ in ("keys", "values"))
        for shape, layer in zip(shapes, layers, strict=True)
    ]


def decode(encoder, token_ids, cache, index):
    """Runs a model of `gpt_encoder` on the next tokens alone, given a cache of those before.

    All of the sequence is taken for one document.

    Args:
        encoder: keras.Model of `gpt_encoder`.
        token_ids: int32 (B, L), those at places `index` to `index + L - 1`.
        cache: list of a pair (B, heads, S, width / heads) a block, filled up to `index`.
        index: int32 scalar.

    Returns:
        Pair of the features (B, L, width) and the cache, filled up to `index + L`.
    """
    x = encoder.get_layer("token_embedding")(token_ids)
    if any(layer.name == "position_embedding" for layer in encoder.layers):
        x = x + encoder.get_layer("position_embedding")(x, start_index=index)
    queries = index + ops.arange(ops.shape(token_ids)[1])
    visible = earlier(queries, ops.arange(ops.shape(cache[0][0])[2]))[None]
    filled = []
    for name, pair in zip(blocks(encoder), cache, strict=True):
        x, pair = encoder.get_layer(name)(x, visible, cache=pair, index=index)
        filled.append(pair)
    return encoder.get_layer("norm")(x), filled
