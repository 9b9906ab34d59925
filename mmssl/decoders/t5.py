"""T5's decoder, which writes a text from left to right."""

import keras

from mmssl.decoders.text import TextDecoder
from mmssl.layers import BucketedPositionBias, T5Block


class T5Decoder(TextDecoder):
    """The decoder of T5 (Raffel et al. 2019, arXiv 1910.10683): pre-norm blocks without biases.

    Its blocks share one attention bias by distance; attention to the encoder has none. Features are
    divided by the square root of the width before they are compared with the token embeddings,
    which have unit variance.

    Args:
        token_embedding: see TextDecoder.
        depth: number of blocks.
        num_heads: attention heads per block; divides the width of the embedding.
        mlp_dim: hidden width of the feed-forward networks.
        dropout: rate in [0, 1), on the embeddings, inside the blocks and on the features.
        **kwargs: passed to keras.layers.Layer.

    Call arguments and returns: see TextDecoder.
    """

    def __init__(self, token_embedding, depth, num_heads, mlp_dim, dropout=0.0, **kwargs):
        super().__init__(token_embedding, num_heads, **kwargs)
        options = {"dtype": self.dtype_policy}
        self.position_bias = BucketedPositionBias(
            num_heads, self.width**-0.5, causal=True, name="position_bias", **options
        )
        self.norm = keras.layers.RMSNormalization(epsilon=1e-6, name="norm", **options)
        self.drop = keras.layers.Dropout(dropout, **options)
        self.blocks = [
            T5Block(
                num_heads, mlp_dim, dropout, cross=True, name=f"decoder_block_{number}", **options
            )
            for number in range(1, depth + 1)
        ]

    def build(self, *shapes, **named):
        super().build()
        self.position_bias.build((1, None), (1, None))
        self.norm.build((None, None, self.width))

    def embed(self, token_ids, index, training):
        return self.drop(self.token_embedding(token_ids), training=training)

    def bias(self, queries, keys):
        return self.position_bias(queries, keys)

    def finish(self, x, training):
        return self.drop(self.norm(x), training=training)

    def logits(self, features):
        return super().logits(features * self.width**-0.5)
