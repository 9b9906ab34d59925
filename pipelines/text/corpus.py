"""A corpus as one array of token ids, with the offsets of its sentences and documents."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from mmssl.pipelines.elements import mapped
from mmssl.pipelines.sources.arrays import held
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
# Sentences, and characters, that are tokenized together.
_CHUNK, _CHARACTERS = 2048, 500_000


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


def tokenize(documents: Iterable[str], tokenizer, max_tokens) -> dict[str, np.ndarray]:
    """Tokenizes documents.

    Args:
        documents: texts. Those without any token are left out.
        tokenizer: Tokenizer or Published.
        max_tokens: maximum number of tokens per sentence, 1 or more; a longer sentence is split
            into parts of about the same size, which count as sentences.

    Returns:
        Dict of the arrays of a `Corpus`, by name.
    """
    sizes = []
    signature = tf.TensorSpec([None], tf.string)
    batches = tf.data.Dataset.from_generator(
        lambda: _together(_sentences(documents, sizes, tokenizer.between)),
        output_signature=signature,
    )
    tokens, lengths = [], []
    for ids in mapped(batches, tokenizer, tf.data.AUTOTUNE):
        tokens.append(ids.values.numpy())
        lengths.append(ids.row_lengths().numpy())
    document = np.repeat(np.arange(len(sizes)), sizes)
    lengths, document = _cut(np.concatenate(lengths), document, max_tokens)
    found = np.bincount(document, minlength=len(sizes))
    return {
        "tokens": np.concatenate(tokens, dtype=np.int32),
        "sentences": _offsets(lengths),
        "documents": _offsets(found[found > 0]),
    }


def _sentences(documents, sizes, between):
    """Yields the sentences of all documents, and appends how many each has to `sizes`."""
    for text in documents:
        first, *others = split_sentences(text) or [""]
        sentences = [first, *(between + other for other in others)]
        found = [piece for sentence in sentences for piece in pieces(sentence)]
        sizes.append(len(found))
        yield from found


def _together(sentences):
    """Yields lists of sentences, bounded in number and in characters."""
    waiting, characters = [], 0
    for sentence in sentences:
        waiting.append(sentence)
        characters += len(sentence)
        if len(waiting) == _CHUNK or characters > _CHARACTERS:
            yield waiting
            waiting, characters = [], 0
    yield waiting


def _cut(lengths, document, max_tokens):
    """Splits sentences into equal parts of at most `max_tokens`, and drops empty sentences."""
    counts = -(-lengths // max_tokens)
    number = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    whole, parts = np.repeat(lengths, counts), np.repeat(counts, counts)
    cut = (number + 1) * whole // parts - number * whole // parts
    return cut, np.repeat(document, counts)


def _offsets(sizes):
    return np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
