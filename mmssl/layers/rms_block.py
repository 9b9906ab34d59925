"""The pre-norm transformer block of image GPT, and the learned start of a shifted sequence."""

import keras
from keras import ops

from mmssl.layers.attention import SelfAttention, causal_mask

EPSILON = 1e-5  # of the norms


@keras.saving.register_keras_serializable("mmssl")
def quick_gelu(x):
    """GELU's form x sigmoid(1.702 x) (Hendrycks, Gimpel 2016, 1606.08415)."""
    return x * ops.sigmoid(1.702 * x)


def rms_norm(**kwargs):
    """Builds the norm of image GPT: x / sqrt(mean x^2 + 1e-5), scaled, without mean or bias."""
    return keras.layers.RMSNormalization(epsilon=EPSILON, **kwargs)


@keras.saving.register_keras_serializable("mmssl")
class RMSNormBlock(keras.layers.Layer):
    """Pre-norm transformer block without biases (Chen et al. 2020, image GPT).

        y = x + attention(norm(x));  out = y + contract(quick_gelu(expand(norm(y))))

    Args:
        num_heads: attention heads; divides the width.
        mlp_dim: hidden width of the feed-forward network.
        causal: whether a token attends to itself and those before it alone.
        depth: number of blocks in the model. The kernel that joins the heads is initialized smaller
            by sqrt(depth).

    Call arguments:
        x: (B, L, width).
        cache, index: see SelfAttention.

    Returns:
        (B, L, width); with a cache, a pair of that and the cache updated with the L tokens.
    """

    def __init__(self, num_heads, mlp_dim, causal=True, depth=1, **kwargs):
        super().__init__(**kwargs)
        self.num_heads = num_heads
        self.mlp_dim = mlp_dim
        self.causal = causal
        self.depth = depth

    def build(self, x_shape):
        width, options = x_shape[-1], {"dtype": self.dtype_policy}
        self.attention_norm = rms_norm(name="attention_norm", **options)
        self.attention = SelfAttention(
            self.num_heads,
            kernel_initializer=_normal(width**-0.5),
            output_initializer=_normal((width * self.depth) ** -0.5),
            use_bias=False,
            name="attention",
            **options,
        )
        self.feed_forward_norm = rms_norm(name="feed_forward_norm", **options)
        dense = {"kernel_initializer": _normal(0.02), "use_bias": False, **options}
        self.expand = keras.layers.Dense(self.mlp_dim, quick_gelu, name="expand", **dense)
        self.contract = keras.layers.Dense(width, name="contract", **dense)
        self.attention.build(x_shape)
        for layer in (self.attention_norm, self.feed_forward_norm, self.expand):
            layer.build(x_shape)
        self.contract.build((*x_shape[:-1], self.mlp_dim))

    def call(self, x, cache=None, index=0, training=None):
        visible = self._visible(ops.shape(x)[1], cache, index) if self.causal else None
        seen = self.attention(
            self.attention_norm(x), visible, cache=cache, index=index, training=training
        )
        if cache is not None:
            seen, cache = seen
        x = x + seen
        x = x + self.contract(self.expand(self.feed_forward_norm(x)))
        return x if cache is None else (x, cache)

    def _visible(self, length, cache, index):
        queries = index + ops.arange(length)
        keys = ops.arange(length if cache is None else ops.shape(cache[0])[2])
        return causal_mask(queries, keys)[None]

    def compute_output_spec(self, x, **kwargs):
        return keras.KerasTensor(x.shape, dtype=self.compute_dtype)

    def get_config(self):
        return {
            **super().get_config(),
            "num_heads": self.num_heads,
            "mlp_dim": self.mlp_dim,
            "causal": self.causal,
            "depth": self.depth,
        }


@keras.saving.register_keras_serializable("mmssl")
class ShiftedByStart(keras.layers.Layer):
    """Moves a sequence one token to the right, behind a learned vector; the last token is dropped.

    Args:
        stddev: of the vector's initial values.

    Call arguments:
        tokens: (B, T, C).

    Returns:
        (B, T, C).
    """

    def __init__(self, stddev=0.02, **kwargs):
        super().__init__(**kwargs)
        self.stddev = stddev

    def build(self, input_shape):
        self.start = self.add_weight(
            (input_shape[-1],), initializer=_normal(self.stddev), name="start"
        )

    def call(self, tokens):
        first = ops.broadcast_to(
            ops.cast(self.start, tokens.dtype), (ops.shape(tokens)[0], 1, tokens.shape[-1])
        )
        return ops.concatenate([first, tokens[:, :-1]], axis=1)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "stddev": self.stddev}


def _normal(stddev):
    return keras.initializers.RandomNormal(stddev=stddev)
