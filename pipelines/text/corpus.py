"""A corpus as one array of token ids, with the offsets of its sentences and documents."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from mmssl.pipelines.elements import mapped
from mmssl.pipelines.sources.arrays import held
from mmssl.pipelines.sources.grown import Grown
from mmssl.pipelines.text.blocks import together
from mmssl.pipelines.text.pieces import pieces

# A period, ! or ? ends a sentence if a space and then no lowercase letter follow, except after an
# initial or a title. The Chinese and Japanese ones (U+3002, U+FF01, U+FF1F) need no space.
_CLOSING = r"""["')\]\u2019\u201d\u300d\u300f\uff09]*"""
_END = re.compile(
    rf"(?<!\b[A-Z])(?<!\b(?:Mr|Ms|Dr|St))(?<!\bMrs)([.!?]{_CLOSING})[^\S\n]+(?=(\w?))"
    rf"|([\u3002\uff01\uff1f]{_CLOSING})"
)
# A long line followed by a lowercase letter was wrapped by an editor.
_WRAPPED = re.compile(r"(^[^\n]{40,}[\w,;])\r?\n(?=[ \t]*[a-z])", re.MULTILINE)
_CHUNK = 2048  # sentences that are tokenized together
_COUNTED = 2**20  # tokens that are counted together


@dataclass(eq=False)
class Corpus:
    """Concatenated token ids: any sequence of consecutive sentences is a slice.

    Attributes:
        tokens: int32 variable (T,).
        sentences: int64 variable (S + 1,), the offset of each sentence in `tokens`, and T.
        documents: int64 variable (D + 1,), the index of the first sentence of each document, and S.
    """

    tokens: tf.Variable
    sentences: tf.Variable
    documents: tf.Variable

    @classmethod
    def hold(cls, arrays):
        """Returns a corpus in host memory from the arrays that `tokenize` returns; see `held`."""
        return cls(**{name: held(array) for name, array in arrays.items()})


def split_sentences(text):
    """Splits text into sentences: at . ! ? before a space and no lowercase letter, and at newlines.

    Lines of 40 or more characters are joined with the next one if that begins in lowercase.

    Args:
        text: str.

    Returns:
        List of str without blank ones. Text without such punctuation (code, verse) gives its lines.
    """
    lines = _END.sub(_end, _WRAPPED.sub(r"\1 ", text)).splitlines()
    return [line for line in lines if line and not line.isspace()]


def _end(found):
    if found[3] is not None:
        return found[3] + "\n"
    return found[0] if found[2].islower() else found[1] + "\n"


def tokenize(blocks: Iterable[tuple[int, str]], tokenizer, max_tokens) -> dict[str, np.ndarray]:
    """Tokenizes documents.

    Args:
        blocks: pairs of the number of a document, ascending, and its text, or one part of it after
            the other. Documents without any token are left out.
        tokenizer: Tokenizer or Published.
        max_tokens: maximum number of tokens per sentence, 1 or more; a longer sentence is split
            into parts of about the same size, which count as sentences.

    Returns:
        Dict of the arrays of a `Corpus`, by name; long ones are mapped from a file.
    """
    batches = tf.data.Dataset.from_generator(
        lambda: together(_sentences(blocks, tokenizer.between), _CHUNK),
        output_signature=(tf.TensorSpec([None], tf.int64), tf.TensorSpec([None], tf.string)),
    )
    tokenized = mapped(batches, lambda of, texts: (of, tokenizer(texts)), tf.data.AUTOTUNE)
    found = ((of.numpy(), *_flat(ids)) for of, ids in tokenized)
    return laid_out(found, max_tokens)


def sentence_ids(text, tokenizer):
    """Tokenizes one document.

    Args:
        text: str.
        tokenizer: see `tokenize`.

    Returns:
        pair of int32 (T,), its tokens, and int64 (S,), how many of them each sentence has, which
        may be none.
    """
    sentences = [sentence for _, sentence in _sentences([(0, text)], tokenizer.between)]
    return _flat(tokenizer(tf.constant(sentences, tf.string)))


def laid_out(tokenized, max_tokens):
    """Lays tokenized sentences out as a corpus; see `tokenize`.

    Args:
        tokenized: iterable of triples: int64 (S,), the document of each sentence, ascending; int32
            (T,), their tokens; and int64 (S,), how many each has.
        max_tokens: see `tokenize`.

    Returns:
        See `tokenize`.
    """
    tokens, sentences, owners, begin = Grown(np.int32), Grown(np.int64), Grown(np.int64), 0
    sentences.append([0])
    for document, ids, lengths in tokenized:
        lengths, document = _cut(lengths, document, max_tokens)
        tokens.append(ids)
        sentences.append(begin + np.cumsum(lengths))
        owners.append(document)
        begin += len(ids)
    found = np.bincount(owners.array())
    return {
        "tokens": tokens.array(),
        "sentences": sentences.array(),
        "documents": np.concatenate([[0], np.cumsum(found[found > 0], dtype=np.int64)]),
    }


def count_tokens(tokens, size):
    """Counts how often each token occurs.

    Args:
        tokens: int32 array (T,), which may be mapped from a file.
        size: number of tokens of the vocabulary.

    Returns:
        int64 array (size,).
    """
    counts = np.zeros(size, np.int64)
    for first in range(0, len(tokens), _COUNTED):  # NumPy would widen all of them at once
        counts += np.bincount(tokens[first : first + _COUNTED], minlength=size)
    return counts


def _flat(ragged):
    return ragged.values.numpy(), ragged.row_lengths().numpy()


def _sentences(blocks, between):
    """Yields pairs of the number of a document and a sentence, or a piece of it."""
    last = None
    for number, text in blocks:
        for sentence in split_sentences(text):
            found = sentence if number != last else between + sentence
            last = number
            yield from ((number, piece) for piece in pieces(found))


def _cut(lengths, document, max_tokens):
    """Splits sentences into equal parts of at most `max_tokens`, and drops empty sentences."""
    counts = -(-lengths // max_tokens)
    number = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    whole, parts = np.repeat(lengths, counts), np.repeat(counts, counts)
    cut = (number + 1) * whole // parts - number * whole // parts
    return cut, np.repeat(document, counts)
