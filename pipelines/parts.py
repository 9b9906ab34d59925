"""The equal parts of a batch that workers share, and the part of one of them."""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from mmssl.pipelines.elements import mapped


@dataclass(frozen=True)
class Parts:
    """Some of the equal parts that a batch is divided into.

    Attributes:
        first: number of the first part, from 0.
        count: number of consecutive parts, 1 or more.
        of: number of parts that a batch has.
    """

    first: int = 0
    count: int = 1
    of: int = 1

    def batches(self, pipeline, start_step, seed):
        """Returns the dataset of these parts of batches; see `Pipeline.batches`."""
        rows = self.rows(pipeline.batch_size)
        if pipeline.rows_meet:
            whole = pipeline.batches(start_step, seed)
            return self.taken(whole, pipeline.batch_size).prefetch(tf.data.AUTOTUNE)
        pipeline.prepare()
        return pipeline.batches_of(self.numbers(start_step, rows), seed, rows)

    def rows(self, batch_size):
        """Returns the rows of a part.

        Args:
            batch_size: int, rows of a batch.

        Raises:
            ValueError: the batch has no equal parts, or none of these numbers.
        """
        if not 0 <= self.first < self.first + self.count <= self.of:
            raise ValueError(f"{self} must lie within the parts of a batch, 0 to {self.of - 1}")
        if batch_size % self.of:
            raise ValueError(
                f"batch_size={batch_size} cannot be divided into {self.of} equal parts"
            )
        return batch_size // self.of

    def place(self, turn):
        """Returns the step of the batch, and the number of the part in it, that has a turn.

        Args:
            turn: int or int64 scalar tensor, number of a part if these parts of all batches, one
                after the other, are counted from 0.
        """
        return turn // self.count, self.first + turn % self.count

    def numbers(self, start_step, rows):
        """Returns the numbers of the elements of these parts, batch after batch.

        Args:
            start_step: int, number of the first batch.
            rows: int, rows of a part.

        Returns:
            tf.data.Dataset of int64 scalars, infinite.
        """
        last = np.iinfo(np.int64).max

        def of_turn(turn):
            step, part = self.place(turn)
            begin = (step * self.of + part) * rows
            return tf.data.Dataset.range(begin, begin + rows)

        turns = tf.data.Dataset.range(start_step * self.count, last // (self.of * rows))
        return turns.flat_map(tf.autograph.experimental.do_not_convert(of_turn)).repeat()

    def taken(self, batches, batch_size):
        """Takes these parts out of whole batches.

        Args:
            batches: tf.data.Dataset of dicts of tensors (batch_size, ...).
            batch_size: int.

        Returns:
            tf.data.Dataset of the same dicts (batch_size / of, ...).
        """
        rows = self.rows(batch_size)
        own = slice(self.first * rows, (self.first + self.count) * rows)
        share = mapped(batches, lambda batch: tf.nest.map_structure(lambda x: x[own], batch))
        return share.rebatch(rows, drop_remainder=True)


WHOLE = Parts()
