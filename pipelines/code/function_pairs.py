"""Functions of source files, paired with what is written about them."""

from typing import Any

import tensorflow as tf
from sklearn.feature_extraction.text import CountVectorizer

from mmssl.pipelines.code.functions import holds_files, open_functions
from mmssl.pipelines.code.identifier_words import split_words
from mmssl.pipelines.code.paired_functions import paired_functions
from mmssl.pipelines.pairs import Pairs
from mmssl.pipelines.pipeline import Pipeline


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
        **kwargs,
    ):
        if not 0 <= name_queries <= 1:
            raise ValueError(f"name_queries={name_queries} must lie between 0 and 1")
        super().__init__(source, sides, batch_size, **kwargs)
        self.name_queries = name_queries

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
        halves = self.items.halves.values()
        texts = [[_text(half, pair) for pair in range(len(self.items))] for half in halves]
        counter = CountVectorizer(analyzer=split_words).fit(texts[0] + texts[1])
        return tuple(counter.transform(part) for part in texts)


def _text(half, pair):
    item = tf.constant(half.items[half.begins[pair]], tf.int64)
    return half.source.read(item).numpy().decode("utf-8", "replace")
