"""A corpus as one array of token ids, with the places where sentences and documents begin."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from mmssl.pipelines.sources.arrays import host

# A full stop ends a sentence where a blank and then no small letter follow, save after an initial
# or a title. The Chinese and Japanese ones (U+3002, U+FF01, U+FF1F) need no blank.
_CLOSING = r"""["')\]\u2019\u201d\u300d\u300f\uff09]*"""
_END = re.compile(
    rf"(?<!\b[A-Z])(?<!\b(?:Mr|Ms|Dr|St))(?<!\bMrs)([.!?]{_CLOSING})[^\S\n]+(?=(\w?))"
    rf"|([\u3002\uff01\uff1f]{_CLOSING})"
)
# A full line that goes on with a small letter was wrapped by an editor.
_WRAPPED = re.compile(r"(^[^\n]{40,}[\w,;])\r?\n(?=[ \t]*[a-z])", re.MULTILINE)
_AT_ONCE = 2048


@dataclass(eq=False)
class Corpus:
    """Token ids end to end: any run of sentences of a document is a slice.

    Attributes:
        tokens: int32 tensor (T,).
        sentences: int64 tensor (S + 1,), where in `tokens` each sentence begins, and T.
        documents: int64 tensor (D + 1,), which sentence each document begins with, and S.
    """

    tokens: tf.Tensor
    sentences: tf.Tensor
    documents: tf.Tensor


def split_sentences(text):
    """Splits text into sentences: at . ! ? before a blank and a capital, and at line ends.

    Lines of 40 characters and more are joined to the next one where that goes on in small letters.

    Args:
        text: str.

    Returns:
        List of str without blank ones. A text without such marks (code, verse) gives its lines.
    """
    lines = _END.sub(_end, _WRAPPED.sub(r"\1 ", text)).splitlines()
    return [line for line in lines if line and not line.isspace()]


def _end(found):
    if found[3] is not None:
        return found[3] + "\n"
    return found[0] if found[2].islower() else found[1] + "\n"


def build_corpus(documents: Iterable[str], tokenizer, max_tokens) -> Corpus:
    """Tokenizes documents.

    Args:
        documents: texts. One without any token is left out.
        tokenizer: Tokenizer.
        max_tokens: most tokens of a sentence, 1 or more; a longer one is cut into pieces of about the
            same size, which count as sentences.

    Returns:
        Corpus, in main memory.
    """
    sizes = []

    def sentences():
        waiting = []
        for text in documents:
            found = split_sentences(text)
            sizes.append(len(found))
            waiting += found
            whole = len(waiting) - len(waiting) % _AT_ONCE
            yield from (waiting[i : i + _AT_ONCE] for i in range(0, whole, _AT_ONCE))
            waiting = waiting[whole:]
        yield waiting

    signature = tf.TensorSpec([None], tf.string)
    batches = tf.data.Dataset.from_generator(sentences, output_signature=signature)
    tokens, lengths = [], []
    for ids in batches.map(tokenizer, tf.data.AUTOTUNE, deterministic=True):
        tokens.append(ids.values.numpy())
        lengths.append(ids.row_lengths().numpy())
    document = np.repeat(np.arange(len(sizes)), sizes)
    lengths, document = _cut(np.concatenate(lengths), document, max_tokens)
    found = np.bincount(document, minlength=len(sizes))
    return Corpus(
        host(np.concatenate(tokens).astype(np.int32)),
        host(_offsets(lengths)),
        host(_offsets(found[found > 0])),
    )


def _cut(lengths, document, max_tokens):
    """Cuts sentences in equal pieces no longer than `max_tokens`, and drops the empty ones."""
    pieces = -(-lengths // max_tokens)
    number = np.arange(pieces.sum()) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    whole, parts = np.repeat(lengths, pieces), np.repeat(pieces, pieces)
    cut = (number + 1) * whole // parts - number * whole // parts
    return cut, np.repeat(document, pieces)


def _offsets(sizes):
    return np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
