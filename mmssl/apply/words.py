"""Neighbors of a word, and words that complete an analogy."""

import numpy as np
from rich.console import Console
from rich.table import Table

from mmssl.evaluation.words.analogies import answers
from mmssl.evaluation.words.vectors import WordVectors


def neighbors(run, word, top=10):
    """Finds the words whose vectors have the largest cosines to that of a word.

    Args:
        run: Run of a recipe of word vectors.
        word: str.
        top: how many, at least 1.

    Returns:
        list of (word, cosine), nearest first.

    Raises:
        ValueError: the word is not in the vocabulary, the run has no word vectors, or `top` is
            below 1.
    """
    vectors = _vectors(run, top)
    row = vectors.known_row(word)
    return _named(vectors, *vectors.nearest(vectors.unit[[row]], np.array([[row]]), top))


def analogy(run, a, b, c, top=10):
    """Finds the words that are to c as b is to a: those nearest to b - a + c.

    Args:
        run: Run of a recipe of word vectors.
        a: str.
        b: str.
        c: str.
        top: how many, at least 1.

    Returns:
        list of (word, cosine), nearest first, without the three.

    Raises:
        ValueError: see `neighbors`.
    """
    vectors = _vectors(run, top)
    question = np.array([[vectors.known_row(word) for word in (a, b, c)]])
    return _named(vectors, *answers(vectors, question, top))


def print_words_found(found):
    """Prints what `neighbors` or `analogy` returned."""
    table = Table("word", "cosine")
    for word, cosine in found:
        table.add_row(word, f"{cosine:.3f}")
    Console().print(table)


def _vectors(run, top):
    if top < 1:
        raise ValueError(f"top must be 1 or more; got {top}.")
    return WordVectors.of(run)


def _named(vectors, rows, cosines):
    return [(vectors.words[i], float(x)) for i, x in zip(rows[0], cosines[0], strict=True)]
