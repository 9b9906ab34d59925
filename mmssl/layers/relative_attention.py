"""Attention by content and by distance, in one stream or two (Transformer-XL, XLNet)."""

import keras
from keras import ops

from mmssl.layers.attention import EPSILON, MASKED_SCORE, split_heads
from mmssl.layers.gelu import GeluDense
from mmssl.layers.layer_normalization import LayerNormalization


@keras.saving.register_keras_serializable("mmssl")
class RelativeAttention(keras.layers.Layer):
    """Multi-head attention with relative positions (Dai et al. 2019, Transformer-XL, 1901.02860).

        score_ij = ((q_i + u) . k_j + (q_i + v) . r_{i-j}) / sqrt(C)

    with learned u and v for each head, and r a projection of sines and cosines of the distance.
    A query that sees no key gets zeros.

    Args:
        num_heads: attention heads; divides the width.
        dropout: rate in [0, 1), on the attention weights.

    Call arguments:
        x: (B, L, width), the queries; those of the content, which come last among the keys, or of
            `position_ids`.
        content: (B, S, width), of which keys and values are made.
        visible: bool (B, L or 1, S), True for the keys that a query attends to.
        position_ids: int32 (B, L), the places of the queries among the keys; None for the last L.

    Returns:
        (B, L, width).
    """

    def __init__(self, num_heads, dropout=0.0, **kwargs):
        super().__init__(**kwargs)
        self.num_heads = num_heads
        self.dropout = dropout

    def build(self, x_shape, *shapes, **named):
        width = x_shape[-1]
        initial = keras.initializers.TruncatedNormal(stddev=0.02 * (768 / width) ** 0.5)
        for name in ("query", "key", "value", "distance", "join"):
            layer = keras.layers.Dense(
                width,
                use_bias=False,
                kernel_initializer=initial,
                name=name,
                dtype=self.dtype_policy,
            )
            layer.build((None, None, width))
            setattr(self, name, layer)
        # One axis, so that optimizers exclude them from weight decay.
        self.content_bias = self.add_weight((width,), "zeros", name="content_bias")
        self.distance_bias = self.add_weight((width,), "zeros", name="distance_bias")
        self.drop = keras.layers.Dropout(self.dropout, name="drop", dtype=self.dtype_policy)

    def call(self, x, content, visible, position_ids=None, training=None):
        length, keys = ops.shape(x)[1], ops.shape(content)[1]
        query = self.query(x)
        # Distances from the greatest to the smallest: queries are among the keys.
        reach = keys if position_ids is not None else length
        distances = keys - 1 - ops.arange(keys + reach - 1)
        far = self._heads(self.distance(self._waves(distances, x.shape[-1])[None]))
        near = self._heads(self.key(content))
        by_content = self._scores(query + self.content_bias, near)
        by_distance = self._scores(query + self.distance_bias, far)
        if position_ids is None:
            by_distance = _shifted(by_distance, keys)
        else:
            by_distance = _gathered(by_distance, position_ids, keys)
        each = x.shape[-1] // self.num_heads
        scores = ops.cast(by_content + by_distance, "float32") * each**-0.5
        scores = ops.where(visible[:, None], scores, MASKED_SCORE)
        sees = ops.cast(ops.any(visible, axis=-1)[:, None, :, None], "float32")
        weights = ops.cast(ops.softmax(scores, axis=-1) * sees, self.compute_dtype)
        seen = ops.matmul(self.drop(weights, training=training), self._heads(self.value(content)))
        return self.join(ops.reshape(ops.transpose(seen, (0, 2, 1, 3)), ops.shape(x)))

    def compute_output_spec(self, x, content, visible, position_ids=None, training=None):
        return keras.KerasTensor(x.shape, dtype=self.compute_dtype)

    def get_config(self):
        own = {"num_heads": self.num_heads, "dropout": self.dropout}
        return {**super().get_config(), **own}

    def _waves(self, distances, width):
        """Sines and cosines of distances (D,): (D, width)."""
        rates = 10000.0 ** (-ops.arange(0, width, 2, dtype="float32") / width)
        angles = ops.cast(distances, "float32")[:, None] * rates
        waves = ops.concatenate([ops.sin(angles), ops.cos(angles)], axis=-1)
        return ops.cast(waves, self.compute_dtype)

    def _heads(self, x):
        return split_heads(x, self.num_heads)

    def _scores(self, query, key):
        return ops.matmul(self._heads(query), ops.transpose(key, (0, 1, 3, 2)))


def _shifted(scores, keys):
    """Takes from scores by distance (B, H, L, S + L - 1) those of the last L of S keys.

    Row i begins L - 1 - i columns to the right: a row of zeros in front of each makes that one cut
    of the flat array.
    """
    rows, heads, length, distances = ops.shape(scores)
    padded = ops.pad(scores, ((0, 0), (0, 0), (0, 0), (1, 0)))
    flat = ops.reshape(padded, (rows, heads, distances + 1, length))[:, :, 1:]
    return ops.reshape(flat, (rows, heads, length, distances))[..., :keys]


def _gathered(scores, position_ids, keys):
    """Takes from scores by distance (B, H, L, 2 S - 1) those of queries at `position_ids`."""
    columns = keys - 1 - position_ids[:, :, None] + ops.arange(keys)
    return ops.take_along_axis(scores, columns[:, None], axis=-1)


@keras.saving.register_keras_serializable("mmssl")
class TwoStreamBlock(keras.layers.Layer):
    """Post-norm block of XLNet (Yang et al. 2019, 1906.08237), for one stream or both.

        h = norm(h + attention(h, h));  out = norm(h + contract(gelu(expand(h))))

    The query stream goes through the same layers, with queries of its own, and with the keys and
    values of the content stream.

    Args:
        num_heads: attention heads; divides the width.
        mlp_dim: hidden width of the feed-forward network.
        dropout: rate in [0, 1), on the attention weights and on both residual branches.

    Call arguments:
        x: (B, L, width), the content stream.
        visible: bool (B, L or 1, S), True for the keys that a token attends to.
        queries: (B, P, width), the query stream; None for none.
        query_visible: bool (B, P, S).
        position_ids: int32 (B, P), the places of the queries among the S keys.
        memory: (B, S - L, width), what comes before the text at this block; None for nothing.

    Returns:
        (B, L, width), the content stream; with queries, a pair of that and (B, P, width).
    """

    def __init__(self, num_heads, mlp_dim, dropout=0.0, **kwargs):
        super().__init__(**kwargs)
        self.num_heads = num_heads
        self.mlp_dim = mlp_dim
        self.dropout = dropout

    def build(self, x_shape, *shapes, **named):
        width = x_shape[-1]
        options = {"dtype": self.dtype_policy}
        initial = keras.initializers.TruncatedNormal(stddev=0.02 * (768 / width) ** 0.5)
        self.attention = RelativeAttention(
            self.num_heads, self.dropout, name="attention", **options
        )
        self.expand = keras.layers.Dense(
            self.mlp_dim, kernel_initializer=initial, name="expand", **options
        )
        self.contract = GeluDense(width, kernel_initializer=initial, name="contract", **options)
        norm = {"epsilon": EPSILON, **options}
        self.attention_norm = LayerNormalization(name="attention_norm", **norm)
        self.feed_forward_norm = LayerNormalization(name="feed_forward_norm", **norm)
        self.drop = keras.layers.Dropout(self.dropout, name="drop", **options)
        for layer in (self.attention, self.expand, self.attention_norm, self.feed_forward_norm):
            layer.build((None, None, width))
        self.contract.build((None, None, self.mlp_dim))

    def call(
        self,
        x,
        visible,
        queries=None,
        query_visible=None,
        position_ids=None,
        memory=None,
        training=None,
    ):
        content = x if memory is None else ops.concatenate([memory, x], axis=1)
        stream = self._stream(x, content, visible, None, training)
        if queries is None:
            return stream
        return stream, self._stream(queries, content, query_visible, position_ids, training)

    def _stream(self, x, content, visible, position_ids, training):
        seen = self.attention(x, content, visible, position_ids, training=training)
        x = self.attention_norm(x + self.drop(seen, training=training))
        inner = self.contract(self.expand(x))
        return self.feed_forward_norm(x + self.drop(inner, training=training))

    def compute_output_spec(self, x, visible, **kwargs):
        return keras.KerasTensor(x.shape, dtype=self.compute_dtype)

    def get_config(self):
        own = {"num_heads": self.num_heads, "mlp_dim": self.mlp_dim, "dropout": self.dropout}
        return {**super().get_config(), **own}
