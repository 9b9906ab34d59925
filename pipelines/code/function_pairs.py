"""Functions of source files, paired with what is written about them."""

from typing import Any

import tensorflow as tf
from sklearn.feature_extraction.text import CountVectorizer

from mmssl.pipelines.code.functions import holds_files, open_functions
from mmssl.pipelines.code.identifier_words import split_words
from mmssl.pipelines.code.paired_functions import paired_functions
from mmssl.pipelines.pairs import Pairs
from mmssl.pipelines.pipeline import Pipeline
from mmssl.pipelines.text.words import VOCABULARY_FILE


class FunctionPairs(Pairs):
    """Pairs of a function's code and its documentation, from source files.

    Batches are those of `Pairs`. Of functions, `paired_functions` says which are taken; a package
    is in one split.

    Args:
        source: folder, glob or file of code, or several, or "builtin:code", see `open_functions`;
            or a table of both halves, see `Pairs`.
        sides: see `Pairs`: first that of the code, then that of what is written about it.
        batch_size: pairs per batch.
        name_queries: fraction of the functions with a name of 12 or more characters that make a
            second pair to train on, of the words of the name and the code without it, 0 to 1.
        one_vocabulary: whether both sides have one vocabulary, of the words of both, of the size
            that the first side gives; else each has its own.
        **kwargs: see `Pairs`.

    Raises:
        ValueError: `name_queries` is out of range, or see `Pairs`.
    """

    def __init__(
        self,
        source: Any,
        sides: dict[str, Pipeline],
        batch_size: int = 256,
        name_queries: float = 0.1,
        one_vocabulary: bool = False,
        **kwargs,
    ):
        if not 0 <= name_queries <= 1:
            raise ValueError(f"name_queries={name_queries} must lie between 0 and 1")
        super().__init__(source, sides, batch_size, **kwargs)
        self.name_queries = name_queries
        self.one_vocabulary = one_vocabulary

    def prepare(self, folder=None, progress=None, data_changed="refuse"):
        """Prepares both sides, where asked with one vocabulary; see `Pairs.prepare`."""
        if self.one_vocabulary and not any(self._knows_words(name, folder) for name in self.sides):
            tokenizer = self._first.learn_tokenizer(self._texts(self.open_to_train()))
            for side in self.sides.values():
                side.tokenizer = tokenizer
        return super().prepare(folder, progress, data_changed)

    def _knows_words(self, name, folder):
        place = self.place(folder, name)
        stored = place is not None and (place / VOCABULARY_FILE).is_file()
        return stored or self.sides[name].tokenizer is not None

    def paired(self, spec):
        """Opens pairs; see `Pairs.paired`."""
        if not holds_files(spec):
            return super().paired(spec)
        return paired_functions(open_functions(spec), self.sides, self.name_queries)

    def word_counts(self):
        """Counts the words of both halves of all pairs, once they are prepared.

        Returns:
            two sparse matrices (N, V), of the code and of what is written about it.
        """
        counter, count = CountVectorizer(analyzer=split_words), len(self.items)
        counts = counter.fit_transform(self._texts(self.items))
        return counts[:count], counts[count:]

    def _texts(self, paired):
        """Yields the texts of the first half of each pair, then those of the second."""
        for half in paired.halves.values():
            for item in half.items[half.begins].tolist():
                yield half.source.read(tf.constant(item, tf.int64)).numpy().decode()
