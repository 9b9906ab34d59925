"""Documents cut into chunks that do not overlap, so that an epoch shows every token once."""

import numpy as np
import tensorflow as tf

from mmssl.pipelines.sources.arrays import host, viewed


class Chunks:
    """Chunks of at most `room` tokens of one document each, cut elsewhere in every epoch.

    A document that fits into `room` is one chunk. A longer one of n tokens has
    k = ceil(n / room + 1/4) chunks: the edges between them lie `room` tokens apart, and are moved
    together by as much as the k room - n tokens of slack allow, so that the first and the last
    chunk keep an eighth of `room` or more. So the number of chunks is the same in every epoch, and
    long and short documents are shown alike.

    Args:
        corpus: Corpus.
        room: maximum number of tokens of a chunk, 2 or more.

    Attributes:
        count: number of chunks.
    """

    def __init__(self, corpus, room):
        edges = viewed(corpus.sentences)[viewed(corpus.documents)]
        sizes = np.diff(edges)
        counts = np.where(sizes > room, -(-(sizes + room // 4) // room), 1)
        slack = np.where(counts > 1, counts * room - sizes, 0)
        least = max(1, room // 8)
        lowest = np.maximum(0, slack - room + least)
        self.room = room
        self.count = int(counts.sum())
        self._edges = host(edges)
        self._firsts = host(np.cumsum(counts) - counts)
        self._lowest = host(lowest)
        self._choices = host(np.minimum(slack, room - least) - lowest + 1)

    def at(self, index, shift):
        """Returns where a chunk lies.

        Args:
            index: int64 scalar below `count`; the chunks of a document are consecutive.
            shift: float64 scalar in [0, 1), which moves the edges; one for an epoch.

        Returns:
            (document, begin, end) int64 scalars: index of the document, first token of the chunk,
            and the token after its last.
        """
        after = tf.searchsorted(self._firsts, index[None], side="right", out_type=tf.int64)
        document = after[0] - 1
        moved = tf.cast(shift * tf.cast(self._choices[document], tf.float64), tf.int64)
        first, last = self._edges[document], self._edges[document + 1]
        number = index - self._firsts[document]
        begin = first + number * self.room - self._lowest[document] - moved
        return document, tf.maximum(begin, first), tf.minimum(begin + self.room, last)
