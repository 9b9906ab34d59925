"""BART's decoder, which writes a text from left to right."""

import keras

from mmssl.decoders.text import TextDecoder
from mmssl.encoders.parts.positions import position_table
from mmssl.layers import PostNormDecoderBlock


class BartDecoder(TextDecoder):
    """The decoder of BART (Lewis et al. 2019, arXiv 1910.13461): post-norm blocks.

    Args:
        token_embedding: see TextDecoder.
        length: maximum number of tokens.
        depth: number of blocks.
        num_heads: attention heads per block; divides the width of the embedding.
        mlp_dim: hidden width of the feed-forward networks.
        dropout: rate in [0, 1), on the embeddings and inside the blocks.
        **kwargs: passed to keras.layers.Layer.

    Call arguments and returns: see TextDecoder.
    """

    def __init__(self, token_embedding, length, depth, num_heads, mlp_dim, dropout=0.0, **kwargs):
        super().__init__(token_embedding, num_heads, **kwargs)
        options = {"dtype": self.dtype_policy}
        self.position_embedding = position_table(length)
        self.norm = keras.layers.LayerNormalization(epsilon=1e-5, name="embedding_norm", **options)
        self.drop = keras.layers.Dropout(dropout, **options)
        self.blocks = [
            PostNormDecoderBlock(
                num_heads, mlp_dim, dropout, name=f"decoder_block_{number}", **options
            )
            for number in range(1, depth + 1)
        ]

    def build(self, *shapes, **named):
        super().build()
        for layer in (self.position_embedding, self.norm):
            layer.build((None, None, self.width))

    def embed(self, token_ids, index, training):
        x = self.token_embedding(token_ids)
        x = x + self.position_embedding(x, start_index=index)
        return self.drop(self.norm(x), training=training)
