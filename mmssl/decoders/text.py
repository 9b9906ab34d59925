"""What decoders of text share: attention to an encoder's features, token after token."""

import keras
from keras import ops

from mmssl.layers.attention import causal_mask


class TextDecoder(keras.layers.Layer):
    """Predicts each token from those before it and from what an encoder has read.

    A subclass makes `blocks`, layers of `mmssl.layers.cross_attention`, and defines `embed`; it may
    extend `bias` and `finish`.

    Args:
        token_embedding: keras.layers.ReversibleEmbedding of the encoder, which is the decoder's,
            too, and computes the logits.
        num_heads: attention heads of every block.

    Call arguments:
        token_ids: int32 (B, L), the tokens at positions `index` to `index + L - 1`.
        memory: (B, S, width), the encoder's features; or what `read` made of them.
        memory_mask: int32 (B, S), 1 for tokens.
        cache: None, or what `empty_cache` made, filled up to `index`.
        index: int32 scalar.

    Returns:
        (B, L, width); with a cache, a pair of that and the cache, filled up to `index + L`.
    """

    def __init__(self, token_embedding, num_heads, **kwargs):
        super().__init__(**kwargs)
        self.token_embedding = token_embedding
        self.num_heads = num_heads
        self.width = token_embedding.output_dim

    def embed(self, token_ids, index, training):
        """Returns the input of the first block, (B, L, width)."""
        raise NotImplementedError

    def bias(self, queries, keys):
        """Returns what is added to the scores of self-attention, or None; see SelfAttention."""

    def finish(self, x, training):
        """Returns the decoder's output from that of the last block, (B, L, width)."""
        return x

    def build(self, *shapes, **named):
        for block in self.blocks:
            block.build((None, None, self.width))

    def call(self, token_ids, memory, memory_mask, cache=None, index=0, training=None):
        length = ops.shape(token_ids)[1]
        queries = index + ops.arange(length)
        keys = queries if cache is None else ops.arange(ops.shape(cache[0][0])[2])
        visible = causal_mask(queries, keys)[None]
        read = memory if isinstance(memory, list) else [memory] * len(self.blocks)
        shared = {
            "memory_visible": memory_mask[:, None] > 0,
            "bias": self.bias(queries[None], keys[None]),
            "index": index,
            "training": training,
        }
        x, filled = self.embed(token_ids, index, training), []
        for number, (block, seen) in enumerate(zip(self.blocks, read, strict=True)):
            if cache is None:
                x = block(x, visible, seen, **shared)
            else:
                x, pair = block(x, visible, seen, cache=cache[number], **shared)
                filled.append(pair)
        x = self.finish(x, training)
        return x if cache is None else (x, filled)

    def read(self, memory):
        """Projects an encoder's features once for all tokens to come.

        Args:
            memory: (B, S, width).

        Returns:
            list with a pair (B, heads, S, width / heads) per block.
        """
        return [block.cross_attention.keys_and_values(memory) for block in self.blocks]

    def empty_cache(self, rows, length):
        """Creates the cache of the keys and values of self-attention.

        Args:
            rows: B, number of sequences.
            length: L, tokens per sequence.

        Returns:
            list with a pair of zeros (B, heads, L, width / heads) per block.
        """
        shape = (rows, self.num_heads, length, self.width // self.num_heads)
        return [
            tuple(ops.zeros(shape, self.compute_dtype) for _ in ("keys", "values"))
            for _ in self.blocks
        ]

    def logits(self, features):
        """Computes logits of the vocabulary: (..., width) to float32 (..., V)."""
        return self.token_embedding(features, reverse=True)
