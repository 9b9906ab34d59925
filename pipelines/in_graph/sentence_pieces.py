"""SentencePiece in a graph, by the operation of TensorFlow Text."""

import tensorflow as tf


class SentencePiecesInGraph(tf.Module):
    """The same ids as `text.PublishedSentencePieces`, by the same library as an operation.

    Args:
        published: PublishedSentencePieces.

    Attributes:
        specials: Specials.
    """

    def __init__(self, published):
        super().__init__()
        import tensorflow_text

        self.specials, self.squeeze = published.specials, published.squeeze
        self._layer = tensorflow_text.SentencepieceTokenizer(published.model, out_type=tf.int32)

    def __call__(self, texts):
        """Tokenizes texts, from a string tensor (B,) to a RaggedTensor int32 (B, None)."""
        return self._layer.tokenize(texts)
