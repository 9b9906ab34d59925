"""BART: a denoising autoencoder of text."""

import keras

from mmssl.decoders.bart import BartDecoder
from mmssl.methods.bases.requirements import required_layer
from mmssl.methods.bases.sequence_to_sequence import SequenceToSequence


class BART(SequenceToSequence):
    """Denoising of text (Lewis et al. 2019, arXiv 1910.13461).

    The encoder reads a text whose spans are masked, whose sentences are permuted, or that is
    corrupted in other ways; the decoder writes the original, all of it:

        loss = - mean_t log p(x_t | x_<t, noise(x))

    Batch:
        See SequenceToSequence; `mmssl.pipelines.text.NoisyPassages`.

    Across replicas: the number of targets.

    Args:
        encoder: keras.Model with a ReversibleEmbedding named `token_embedding`, such as
            `mmssl.encoders.bart_encoder()`.
        length: maximum number of tokens that the decoder writes.
        depth: number of the decoder's blocks.
        num_heads: its attention heads per block.
        mlp_dim: hidden width of its feed-forward networks.
        dropout: rate in [0, 1), in the decoder.
        start: token id that the decoder begins with, that of the end of a text.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: the encoder has no such layer.
    """

    def __init__(
        self,
        encoder: keras.Model,
        length: int = 1024,
        depth: int = 6,
        num_heads: int = 12,
        mlp_dim: int = 3072,
        dropout: float = 0.1,
        start: int = 3,
        **kwargs,
    ):
        tokens = required_layer("BART", encoder, "token_embedding", "mmssl.encoders.bart_encoder")
        decoder = BartDecoder(tokens, length, depth, num_heads, mlp_dim, dropout, name="decoder")
        super().__init__(encoder, decoder, start, **kwargs)
        self.length = length
