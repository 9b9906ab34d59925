"""T5: a text-to-text transformer that restores corrupted spans."""

import keras

from mmssl.decoders.t5 import T5Decoder
from mmssl.methods.bases.requirements import required_layer
from mmssl.methods.bases.sequence_to_sequence import SequenceToSequence


class T5(SequenceToSequence):
    """Span corruption (Raffel et al. 2019, arXiv 1910.10683).

    Random spans of the text are replaced by one sentinel each, and the decoder writes every
    sentinel followed by the tokens that it stands for:

        x = Thank you <0> to your party <1>    y = <0> for inviting me <1> last week </s>

    The loss is that of SequenceToSequence over all tokens of y, sentinels and end included.

    Batch:
        See SequenceToSequence; `mmssl.pipelines.text.CorruptedSpans`.

    Across replicas: the number of targets.

    Args:
        encoder: keras.Model with a ReversibleEmbedding named `token_embedding` of unit variance,
            such as `mmssl.encoders.t5_encoder()`.
        depth: number of the decoder's blocks.
        num_heads: its attention heads per block.
        mlp_dim: hidden width of its feed-forward networks.
        dropout: rate in [0, 1), in the decoder.
        start: token id that the decoder begins with, that of padding.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: the encoder has no such layer.
    """

    def __init__(
        self,
        encoder: keras.Model,
        depth: int = 12,
        num_heads: int = 12,
        mlp_dim: int = 3072,
        dropout: float = 0.1,
        start: int = 0,
        **kwargs,
    ):
        tokens = required_layer("T5", encoder, "token_embedding", "mmssl.encoders.t5_encoder")
        decoder = T5Decoder(tokens, depth, num_heads, mlp_dim, dropout, name="decoder")
        super().__init__(encoder, decoder, start, **kwargs)
