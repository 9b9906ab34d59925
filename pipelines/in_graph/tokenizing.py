"""The tokenizers of text pipelines, as functions of TensorFlow alone."""

from mmssl.pipelines.in_graph.byte_pairs import BytePairsInGraph
from mmssl.pipelines.in_graph.sentence_pieces import SentencePiecesInGraph
from mmssl.pipelines.in_graph.word_pieces import WordPiecesInGraph
from mmssl.pipelines.text.byte_pairs import LONGEST, BytePairs
from mmssl.pipelines.text.published_byte_pairs import PublishedBytePairs
from mmssl.pipelines.text.published_sentence_pieces import PublishedSentencePieces
from mmssl.pipelines.text.published_word_pieces import PublishedWordPieces
from mmssl.pipelines.text.tokenizer import Tokenizer
from mmssl.pipelines.text.words import Words

# The library cuts no word of a published vocabulary; the time to merge grows with the square.
_LONGEST_PUBLISHED = 1024


def tokenizer_in_graph(tokenizer):
    """Returns a tokenizer that gives the same ids without Python.

    Args:
        tokenizer: Tokenizer, Words, BytePairs or Published.

    Returns:
        Function from a string tensor (B,) to a RaggedTensor int32 (B, None), with the attributes
        `specials` and `squeeze` of a Tokenizer.

    Raises:
        ValueError: it is of another class.
    """
    for kind, make in _MAKERS.items():
        if isinstance(tokenizer, kind):
            return make(tokenizer)
    raise ValueError(f"{type(tokenizer).__name__} cannot tokenize in a TensorFlow graph")


def _learned_byte_pairs(pairs):
    tokens = sorted(pairs.vocabulary, key=pairs.vocabulary.get)
    merges = [tuple(merge.split(" ")) for merge in pairs.merges]
    return BytePairsInGraph(tokens, merges, LONGEST, False, pairs.specials)


def _published_byte_pairs(pairs):
    return BytePairsInGraph(
        pairs.vocabulary, pairs.merges, _LONGEST_PUBLISHED, pairs.prefix_blank, pairs.specials
    )


_MAKERS = {
    Tokenizer: lambda tokenizer: tokenizer,  # KerasHub's layer is one already
    Words: lambda words: words,
    BytePairs: _learned_byte_pairs,
    PublishedBytePairs: _published_byte_pairs,
    PublishedWordPieces: WordPiecesInGraph,
    PublishedSentencePieces: SentencePiecesInGraph,
}
