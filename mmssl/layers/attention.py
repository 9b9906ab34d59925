"""Self-attention, its masks, and the pre-norm transformer block."""

import keras
from keras import ops
from keras_hub.layers import RotaryEmbedding

from mmssl.layers.gelu import GeluDense
from mmssl.layers.layer_normalization import LayerNormalization

MASKED_SCORE = -1e9  # finite, so that the softmax of a fully masked row is not NaN
EPSILON = 1e-5  # of both layer norms
FLASH = keras.backend.backend() != "tensorflow"


@keras.saving.register_keras_serializable("mmssl")
class CausalMask(keras.layers.Layer):
    """Builds a causal attention mask: a token attends to itself and to earlier non-padding tokens.

    Args:
        sequence_length: maximum number of tokens, at least 1.
        separator: token id that begins a document; tokens then attend within their own document
            only. None lets them attend across documents.

    Call arguments:
        token_ids: int32 (B, L).
        padding_mask: int32 (B, L), 1 for tokens.

    Returns:
        bool (B, L, L), True where the query (row) may attend to the key (column).

    Raises:
        ValueError: there are more tokens than `sequence_length`.
    """

    def __init__(self, sequence_length, separator=None, **kwargs):
        super().__init__(**kwargs)
        self.sequence_length = sequence_length
        self.separator = separator

    def call(self, token_ids, padding_mask):
        length = token_ids.shape[1]
        if length is not None and length > self.sequence_length:
            raise ValueError(f"The model takes up to {self.sequence_length} tokens; got {length}.")
        position_ids = ops.arange(ops.shape(token_ids)[1])
        # Keep the diagonal, or a row of nothing but padding would attend to nothing.
        visible = ops.logical_or(padding_mask[:, None] > 0, position_ids[:, None] == position_ids)
        visible = ops.logical_and(visible, causal_mask(position_ids, position_ids))
        if self.separator is None:
            return visible
        document = ops.cumsum(ops.cast(token_ids == self.separator, "int32"), axis=1)
        return ops.logical_and(visible, document[:, :, None] == document[:, None])

    def compute_output_spec(self, token_ids, padding_mask):
        rows, length = token_ids.shape
        return keras.KerasTensor((rows, length, length), dtype="bool")

    def get_config(self):
        own = {"sequence_length": self.sequence_length, "separator": self.separator}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable("mmssl")
class PaddingMask(keras.layers.Layer):
    """Builds an attention mask that hides padding: every token attends to all non-padding tokens.

    Call arguments:
        padding_mask: int32 (B, L), 1 for tokens.

    Returns:
        bool (B, 1, L), the same keys for every query.
    """

    def call(self, padding_mask):
        return padding_mask[:, None] > 0

    def compute_output_spec(self, padding_mask):
        rows, length = padding_mask.shape
        return keras.KerasTensor((rows, 1, length), dtype="bool")


def causal_mask(queries, keys):
    """Compares positions: whether each key is at or before each query.

    Args:
        queries: int32 (L,), positions.
        keys: int32 (S,), positions.

    Returns:
        bool (L, S).
    """
    return queries[:, None] >= keys


@keras.saving.register_keras_serializable("mmssl")
class SelfAttention(keras.layers.Layer):
    """Multi-head self-attention (Vaswani et al. 2017, 1706.03762) with a cache of keys and values.

    Unlike KerasHub's CachedMultiHeadAttention, it supports rotary position embeddings (Su et al.
    2021, 2104.09864) and a separate initializer for the output projection.

    Args:
        num_heads: attention heads; divides the width.
        dropout: rate in [0, 1), on the attention weights.
        rotary: apply rotary position embeddings to queries and keys.
        kernel_initializer: of the query, key and value projections.
        output_initializer: of the output projection.
        use_bias: whether the projections have biases.

    Call arguments:
        x: (B, L, width).
        visible: bool (B or 1, L or 1, S), True for the keys that a query attends to; S is L
            without a cache. None lets every query attend to every key.
        bias: (B or 1, heads, L, S), added to the scores; None for none.
        position_ids: int32 (B or 1, L), the positions of the L tokens for rotary embeddings; None
            for consecutive positions starting at `index`.
        cache: None, or a pair of keys and values (B, heads, S, width / heads).
        index: int32 scalar, the position in the cache of the first of the L tokens.

    Returns:
        (B, L, width); with a cache, a pair of that and the cache updated with the L tokens.
    """

    def __init__(
        self,
        num_heads,
        dropout=0.0,
        rotary=False,
        kernel_initializer="glorot_uniform",
        output_initializer="glorot_uniform",
        use_bias=True,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.num_heads = num_heads
        self.dropout = dropout
        self.rotary = rotary
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.output_initializer = keras.initializers.get(output_initializer)
        self.use_bias = use_bias

    def build(self, x_shape, visible_shape=None, bias_shape=None, position_ids_shape=None):
        width = x_shape[-1]
        options = {"dtype": self.dtype_policy}
        dense = {"use_bias": self.use_bias, **options}
        self.project = keras.layers.Dense(
            3 * width, kernel_initializer=self.kernel_initializer, name="project", **dense
        )
        self.project.build((None, None, width))
        self.join = keras.layers.Dense(
            width, kernel_initializer=self.output_initializer, name="join", **dense
        )
        self.join.build((None, None, width))
        self.turn = RotaryEmbedding(name="turn", **options) if self.rotary else None
        self.drop = keras.layers.Dropout(self.dropout, name="drop", **options)

    def call(
        self, x, visible=None, bias=None, position_ids=None, cache=None, index=0, training=None
    ):
        rows, length, width = ops.shape(x)
        each = width // self.num_heads
        projected = ops.reshape(self.project(x), (rows, length, 3 * self.num_heads, each))
        turned, value = ops.split(projected, [2 * self.num_heads], axis=2)
        if self.turn is not None:
            turned = self.turn(turned, start_index=index, positions=position_ids)
        query, key = ops.split(ops.transpose(turned, (0, 2, 1, 3)), 2, axis=1)
        value = ops.transpose(value, (0, 2, 1, 3))
        if cache is not None:
            start = (0, 0, index, 0)
            key = ops.slice_update(cache[0], start, key)
            value = ops.slice_update(cache[1], start, value)

        seen = self._seen(query, key, value, visible, bias, training)
        seen = ops.reshape(ops.transpose(seen, (0, 2, 1, 3)), (rows, length, width))
        joined = self.join(seen)
        return joined if cache is None else (joined, (key, value))

    def _seen(self, query, key, value, visible, bias, training):
        """Averages the values (B, heads, S, C) by attention: (B, heads, L, C)."""
        # Where Keras may have flash attention, which takes no bias in float32 and has no dropout.
        # On TensorFlow it has none, and arranges the axes three times more often.
        if FLASH and bias is None and not (self.dropout and training):
            places_first = [ops.transpose(x, (0, 2, 1, 3)) for x in (query, key, value)]
            mask = None if visible is None else visible[:, None]
            seen = ops.dot_product_attention(*places_first, mask=mask)
            return ops.transpose(seen, (0, 2, 1, 3))
        weights = attention_weights(query, key, visible, bias)
        return ops.matmul(self.drop(ops.cast(weights, value.dtype), training=training), value)

    def compute_output_spec(self, x, visible=None, bias=None, position_ids=None, **kwargs):
        return keras.KerasTensor(x.shape, dtype=self.compute_dtype)

    def get_config(self):
        return {
            **super().get_config(),
            "num_heads": self.num_heads,
            "dropout": self.dropout,
            "rotary": self.rotary,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "output_initializer": keras.initializers.serialize(self.output_initializer),
            "use_bias": self.use_bias,
        }


def split_heads(x, num_heads):
    """Splits channels into heads: (B, L, width) to (B, heads, L, width / heads)."""
    rows, length, width = ops.shape(x)
    parted = ops.reshape(x, (rows, length, num_heads, width // num_heads))
    return ops.transpose(parted, (0, 2, 1, 3))


def attention_weights(query, key, visible, bias=None):
    """Computes how much each query takes from each key, in float32.

    Args:
        query: (B, heads, L, C).
        key: (B, heads, S, C).
        visible: bool (B or 1, L or 1, S), True for the keys that a query attends to; None for all.
        bias: (B or 1, heads, L, S), added to the scores; None for none.

    Returns:
        float32 (B, heads, L, S) whose rows sum to 1.
    """
    query = query * query.shape[-1] ** -0.5
    scores = ops.cast(ops.matmul(query, ops.transpose(key, (0, 1, 3, 2))), "float32")
    if bias is not None:
        scores = scores + ops.cast(bias, "float32")
    if visible is not None:
        scores = ops.where(visible[:, None], scores, MASKED_SCORE)
    return ops.softmax(scores, axis=-1)


@keras.saving.register_keras_serializable("mmssl")
class PreNormBlock(keras.layers.Layer):
    """Pre-norm transformer block (Radford et al. 2019, GPT-2).

        y = x + attention(norm(x));  out = y + contract(gelu(expand(norm(y))))

    Args:
        num_heads: attention heads; divides the width.
        mlp_dim: hidden width of the feed-forward network.
        dropout: rate in [0, 1), on the attention weights and on both residual branches.
        rotary: see SelfAttention.
        depth: number of blocks in the model. The kernels that write to the residual stream are
            initialized smaller by sqrt(2 depth), so that the stream does not grow with depth.

    Call arguments and returns: see SelfAttention.
    """

    def __init__(self, num_heads, mlp_dim, dropout=0.0, rotary=False, depth=1, **kwargs):
        super().__init__(**kwargs)
        self.num_heads = num_heads
        self.mlp_dim = mlp_dim
        self.dropout = dropout
        self.rotary = rotary
        self.depth = depth

    def build(self, x_shape, visible_shape):
        width = x_shape[-1]
        options = {"dtype": self.dtype_policy}
        norm = {"epsilon": EPSILON, **options}
        initial = keras.initializers.RandomNormal(stddev=0.02)
        adding = keras.initializers.RandomNormal(stddev=0.02 / (2 * self.depth) ** 0.5)
        self.attention_norm = LayerNormalization(name="attention_norm", **norm)
        self.attention = SelfAttention(
            self.num_heads, self.dropout, self.rotary, initial, adding, name="attention", **options
        )
        self.feed_forward_norm = LayerNormalization(name="feed_forward_norm", **norm)
        self.expand = keras.layers.Dense(
            self.mlp_dim, kernel_initializer=initial, name="expand", **options
        )
        self.contract = GeluDense(width, kernel_initializer=adding, name="contract", **options)
        self.attention_drop = keras.layers.Dropout(self.dropout, **options)
        self.feed_forward_drop = keras.layers.Dropout(self.dropout, **options)
        self.attention.build(x_shape, visible_shape)
        for layer in (self.attention_norm, self.feed_forward_norm, self.expand):
            layer.build(x_shape)
        self.contract.build((*x_shape[:-1], self.mlp_dim))

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
            "num_heads": self.num_heads,
            "mlp_dim": self.mlp_dim,
            "dropout": self.dropout,
            "rotary": self.rotary,
            "depth": self.depth,
        }
