"""The transformer block with its norms before attention and feed-forward part."""

import keras

from mmssl.layers.attention import SelfAttention

EPSILON = 1e-5  # of both layer norms


@keras.saving.register_keras_serializable("mmssl")
def approximate_gelu(x):
    """GELU by its tanh form, which every export format knows (Hendrycks, Gimpel, 1606.08415)."""
    return keras.activations.gelu(x, approximate=True)


@keras.saving.register_keras_serializable("mmssl")
class PreNormBlock(keras.layers.Layer):
    """Pre-norm transformer block (Radford et al. 2019, GPT-2).

        y = x + attention(norm(x));  out = y + contract(gelu(expand(norm(y))))

    Args:
        heads: attention heads; divides the width.
        feed_forward: width inside the feed-forward part.
        dropout: rate in [0, 1), on the attention weights and on what each part adds.
        rotary: see SelfAttention.
        depth: blocks in the model. The kernels that add to the residual stream start smaller by
            sqrt(2 depth), so that the stream does not grow with the number of blocks.

    Call arguments and returns: see SelfAttention.
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
        self.attention = SelfAttention(
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
