"""The word vectors of a run."""

import difflib

import numpy as np

from mmssl.pipelines.text.word_documents import WordDocuments

_BATCH = 4096  # words that are looked up at a time


class WordVectors:
    """Words and their vectors.

    Args:
        words: sequence of V distinct str.
        vectors: float32 array (V, D).

    Attributes:
        words: tuple of str.
        vectors: the array.
        unit: the same of length 1 each.
    """

    def __init__(self, words, vectors):
        self.words, self.vectors = tuple(words), vectors
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        self.unit = vectors / np.maximum(lengths, np.finfo(np.float32).tiny)
        self._rows = {word: row for row, word in enumerate(self.words)}

    def __len__(self):
        return len(self.words)

    @classmethod
    def of(cls, run, encoder=None):
        """Reads the vectors of a run, the padding and other special tokens left out.

        Args:
            run: Run of a recipe of word vectors.
            encoder: keras.Model; None for the run's trained encoder.

        Raises:
            ValueError: the run is of another kind of recipe.
        """
        if not isinstance(run.data, WordDocuments):
            raise ValueError(
                f"{run.folder} is a run of {run.recipe}, which has no word vectors: give one of "
                "text/word2vec or text/glove."
            )
        encoder = run.encoder if encoder is None else encoder
        tokenizer = run.data.tokenizer
        special = set(tokenizer.specials.ids())
        ids = [i for i in range(len(tokenizer)) if i not in special]
        parts = [
            _looked_up(encoder, np.array(ids[first : first + _BATCH], np.int32))
            for first in range(0, len(ids), _BATCH)
        ]
        return cls([tokenizer.vocabulary[i] for i in ids], np.concatenate(parts))

    def row(self, word):
        """Returns the row of a word, in lowercase if it is not there as it is, or None."""
        return self._rows.get(word, self._rows.get(word.lower()))

    def known_row(self, word):
        """Returns the row of a word.

        Raises:
            ValueError: it is not in the vocabulary.
        """
        row = self.row(word)
        if row is None:
            near = difflib.get_close_matches(word.lower(), self.words, n=3)
            hint = f"; near it are {', '.join(near)}" if near else ""
            raise ValueError(
                f"{word!r} is not among the {len(self)} words of the vocabulary{hint}."
            )
        return row

    def nearest(self, queries, without, count=1):
        """Finds the words with the largest cosine to each query.

        Args:
            queries: float32 array (M, D).
            without: int array (M, E), rows that are no answers.
            count: how many, at least 1.

        Returns:
            pair of int array (M, count), the rows, and float32 (M, count), the cosines, largest
            first.
        """
        count = min(count, len(self) - without.shape[1])
        lengths = np.linalg.norm(queries, axis=1, keepdims=True)
        cosines = queries / np.maximum(lengths, np.finfo(np.float32).tiny) @ self.unit.T
        np.put_along_axis(cosines, without, -np.inf, axis=1)
        rows = np.argpartition(-cosines, count - 1, axis=1)[:, :count]
        found = np.take_along_axis(cosines, rows, axis=1)
        order = np.argsort(-found, axis=1, kind="stable")
        return np.take_along_axis(rows, order, axis=1), np.take_along_axis(found, order, axis=1)


def _looked_up(encoder, ids):
    inputs = {"token_ids": ids[:, None], "padding_mask": np.ones((len(ids), 1), np.int32)}
    return np.asarray(encoder(inputs)["features"])[:, 0]
