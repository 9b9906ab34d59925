"""Attention of a decoder to what an encoder has read, and the decoder blocks around it."""

import keras
from keras import ops

from mmssl.layers.attention import SelfAttention, attention_weights, split_heads
from mmssl.layers.gelu import approximate_gelu
from mmssl.layers.layer_normalization import LayerNormalization


@keras.saving.register_keras_serializable("mmssl")
class CrossAttention(keras.layers.Layer):
    """Multi-head attention to another sequence (Vaswani et al. 2017, 1706.03762).

    Args:
        num_heads: attention heads; divides the width.
        dropout: rate in [0, 1), on the attention weights.
        kernel_initializer: of the query, key and value projections.
        output_initializer: of the output projection.
        use_bias: whether the projections have biases.

    Call arguments:
        x: (B, L, width).
        memory: (B, S, width), what is attended to; or the pair that `keys_and_values` made of it.
        visible: bool (B, 1, S), True for the positions of the memory that can be seen.

    Returns:
        (B, L, width).
    """

    def __init__(
        self,
        num_heads,
        dropout=0.0,
        kernel_initializer="glorot_uniform",
        output_initializer="glorot_uniform",
        use_bias=True,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.num_heads = num_heads
        self.dropout = dropout
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.output_initializer = keras.initializers.get(output_initializer)
        self.use_bias = use_bias

    def build(self, x_shape, memory_shape=None, visible_shape=None):
        width = x_shape[-1]
        self.query = self._dense(width, self.kernel_initializer, "query")
        self.project = self._dense(2 * width, self.kernel_initializer, "project")
        self.join = self._dense(width, self.output_initializer, "join")
        for layer in (self.query, self.project, self.join):
            layer.build((None, None, width))
        self.drop = keras.layers.Dropout(self.dropout, name="drop", dtype=self.dtype_policy)

    def keys_and_values(self, memory):
        """Projects a memory (B, S, width), once for all queries to come.

        Returns:
            pair (B, heads, S, width / heads).
        """
        keys, values = ops.split(self.project(memory), 2, axis=-1)
        return self._heads(keys), self._heads(values)

    def call(self, x, memory, visible, training=None):
        keys, values = memory if isinstance(memory, tuple) else self.keys_and_values(memory)
        weights = attention_weights(self._heads(self.query(x)), keys, visible)
        weights = ops.cast(weights, values.dtype)
        seen = ops.matmul(self.drop(weights, training=training), values)
        return self.join(ops.reshape(ops.transpose(seen, (0, 2, 1, 3)), ops.shape(x)))

    def compute_output_spec(self, x, memory, visible, training=None):
        return keras.KerasTensor(x.shape, dtype=self.compute_dtype)

    def get_config(self):
        return {
            **super().get_config(),
            "num_heads": self.num_heads,
            "dropout": self.dropout,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "output_initializer": keras.initializers.serialize(self.output_initializer),
            "use_bias": self.use_bias,
        }

    def _dense(self, width, initializer, name):
        return keras.layers.Dense(
            width,
            use_bias=self.use_bias,
            kernel_initializer=initializer,
            name=name,
            dtype=self.dtype_policy,
        )

    def _heads(self, x):
        return split_heads(x, self.num_heads)


class _Block(keras.layers.Layer):
    """Self-attention, attention to a memory if there is one, and a feed-forward network.

    A subclass builds `attention`, `cross_attention`, `expand`, `contract`, and the norms of the
    three branches, and defines `residual`.
    """

    def __init__(self, num_heads, mlp_dim, dropout=0.0, **kwargs):
        super().__init__(**kwargs)
        self.num_heads = num_heads
        self.mlp_dim = mlp_dim
        self.dropout = dropout

    def residual(self, x, branch, norm, training):
        """Adds `branch(x)` to x, and normalizes; returns the sum and what else a branch gives."""
        raise NotImplementedError

    def call(
        self,
        x,
        visible,
        memory=None,
        memory_visible=None,
        bias=None,
        cache=None,
        index=0,
        training=None,
    ):
        def attended(x):
            return self.attention(
                x, visible, bias=bias, cache=cache, index=index, training=training
            )

        def read(x):
            return self.cross_attention(x, memory, memory_visible, training=training)

        def fed_forward(x):
            return self.contract(self.inner_drop(self.expand(x), training=training))

        x, *kept = self.residual(x, attended, self.attention_norm, training)
        if self.cross_attention is not None:
            x, *_ = self.residual(x, read, self.cross_norm, training)
        x, *_ = self.residual(x, fed_forward, self.feed_forward_norm, training)
        return x if cache is None else (x, *kept)

    def compute_output_spec(self, x, *args, **kwargs):
        return keras.KerasTensor(x.shape, dtype=self.compute_dtype)

    def get_config(self):
        own = {"num_heads": self.num_heads, "mlp_dim": self.mlp_dim, "dropout": self.dropout}
        return {**super().get_config(), **own}

    def _build_parts(self, width, names):
        """Builds what `build` has made, by the names of the attributes."""
        for name in names:
            layer = getattr(self, name)
            layer.build((None, None, self.mlp_dim if name == "contract" else width))
        self.drop = keras.layers.Dropout(self.dropout, name="drop", dtype=self.dtype_policy)


@keras.saving.register_keras_serializable("mmssl")
class PostNormDecoderBlock(_Block):
    """Post-norm block of a decoder, as in BART (Lewis et al. 2019, 1910.13461).

        x = norm(x + attention(x));  x = norm(x + cross_attention(x, memory));
        out = norm(x + contract(gelu(expand(x))))

    Args:
        num_heads: attention heads; divides the width.
        mlp_dim: hidden width of the feed-forward network.
        dropout: rate in [0, 1), on the attention weights and on the residual branches.

    Call arguments:
        x: (B, L, width).
        visible: bool (1, L, S), True for the positions of x that a position attends to.
        memory: (B, M, width), what the encoder has read; or the pair that
            `cross_attention.keys_and_values` made of it.
        memory_visible: bool (B, 1, M), False for padding.
        bias: see SelfAttention.
        cache: see SelfAttention, and `index`.

    Returns:
        (B, L, width); with a cache, a pair of that and the updated cache.
    """

    def build(self, x_shape, *shapes, **named):
        width = x_shape[-1]
        options = {"dtype": self.dtype_policy}
        initial = keras.initializers.RandomNormal(stddev=0.02 * (768 / width) ** 0.5)
        attention = {"kernel_initializer": initial, "output_initializer": initial, **options}

        def norm(name):
            return LayerNormalization(epsilon=1e-5, name=name, **options)

        def dense(size, name, activation=None):
            return keras.layers.Dense(
                size, activation, kernel_initializer=initial, name=name, **options
            )

        self.attention = SelfAttention(self.num_heads, self.dropout, name="attention", **attention)
        self.cross_attention = CrossAttention(
            self.num_heads, self.dropout, name="cross_attention", **attention
        )
        self.expand = dense(self.mlp_dim, "expand", approximate_gelu)
        self.contract = dense(width, "contract")
        self.attention_norm = norm("attention_norm")
        self.cross_norm = norm("cross_norm")
        self.feed_forward_norm = norm("feed_forward_norm")
        self.inner_drop = keras.layers.Dropout(0.0, name="inner_drop", **options)
        names = ("attention", "cross_attention", "expand", "contract")
        self._build_parts(width, (*names, "attention_norm", "cross_norm", "feed_forward_norm"))

    def residual(self, x, branch, norm, training):
        found = branch(x)
        found, *kept = found if isinstance(found, tuple) else (found,)
        return norm(x + self.drop(found, training=training)), *kept


@keras.saving.register_keras_serializable("mmssl")
class T5Block(_Block):
    """Pre-norm block of T5 (Raffel et al. 2019, 1910.10683), of its encoder and its decoder.

        x = x + attention(norm(x));  x = x + cross_attention(norm(x), memory);
        out = x + contract(relu(expand(norm(x))))

    Norms divide by the root mean square and scale, and nothing has a bias. The paper's code does
    not divide scores by the square root of the width of a head, and begins with queries that are
    smaller by it: Adafactor, whose updates are relative to the weights, learns the same either
    way.

    Args:
        num_heads: attention heads; divides the width.
        mlp_dim: hidden width of the feed-forward network.
        dropout: rate in [0, 1), on the attention weights, inside the feed-forward network, and on
            the residual branches.
        cross: whether the block attends to a memory, as those of the decoder do.

    Call arguments and returns: see PostNormDecoderBlock; without `cross` there is no memory.
    """

    def __init__(self, num_heads, mlp_dim, dropout=0.0, cross=False, **kwargs):
        super().__init__(num_heads, mlp_dim, dropout, **kwargs)
        self.cross = cross

    def build(self, x_shape, *shapes, **named):
        width = x_shape[-1]
        options = {"dtype": self.dtype_policy}
        plain = {"use_bias": False, **options}
        initial = keras.initializers.RandomNormal(stddev=width**-0.5)
        last = keras.initializers.RandomNormal(stddev=self.mlp_dim**-0.5)
        heads = {
            **{"num_heads": self.num_heads, "dropout": self.dropout, **plain},
            **{"kernel_initializer": initial, "output_initializer": initial},
        }
        self.attention = SelfAttention(name="attention", **heads)
        self.cross_attention = (
            CrossAttention(name="cross_attention", **heads) if self.cross else None
        )
        self.expand = keras.layers.Dense(
            self.mlp_dim, "relu", kernel_initializer=initial, name="expand", **plain
        )
        self.contract = keras.layers.Dense(width, kernel_initializer=last, name="contract", **plain)
        self.inner_drop = keras.layers.Dropout(self.dropout, name="inner_drop", **options)
        names = ["attention", "expand", "contract"] + ["cross_attention"] * self.cross
        for name in ["attention_norm", "feed_forward_norm"] + ["cross_norm"] * self.cross:
            norm = keras.layers.RMSNormalization(epsilon=1e-6, name=name, **options)
            setattr(self, name, norm)
            names.append(name)
        self._build_parts(width, names)

    def residual(self, x, branch, norm, training):
        found = branch(norm(x))
        found, *kept = found if isinstance(found, tuple) else (found,)
        return x + self.drop(found, training=training), *kept

    def get_config(self):
        return {**super().get_config(), "cross": self.cross}
