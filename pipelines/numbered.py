"""Elements that tell which item they were made of, for methods that remember something of each."""

import tensorflow as tf

from mmssl.pipelines.balanced import Balanced
from mmssl.pipelines.elements import mapped
from mmssl.pipelines.pipeline import Pipeline


class Numbered(Pipeline):
    """A pipeline whose batches also hold index, int32 (B,): which item each element is made of.

    A method that keeps something of every item, such as its cluster, is told their number
    (`memory_size`) as a run begins. It counts items that later prove to be unreadable, whose
    places stay empty.
    """

    _listed = None

    def reopen(self, folder):
        """Lists the items that a run is to be trained on."""
        super().reopen(folder)
        if folder is not None:
            self._listed = len(self.open_to_train())

    def method_arguments(self):
        """Returns the number of items, where they have been listed."""
        listed = {} if self._listed is None else {"memory_size": self._listed}
        return {**super().method_arguments(), **listed}

    def batched(self, numbers, seed, rows):
        """Adds the index of each element's item to the batches."""

        def indices(several):
            return tf.cast(self.item_index(several, seed), tf.int32)

        several = numbers.batch(rows, drop_remainder=True)
        batches = super().batched(numbers, seed, rows)
        both = tf.data.Dataset.zip(batches, mapped(several, indices))
        return mapped(both, lambda batch, index: {**batch, "index": index})

    def balance(self, groups):
        """Draws elements of all groups equally often from now on, whatever their sizes.

        Args:
            groups: int array (count,), 0 or more, the group of each item.
        """
        self._order = Balanced(groups, len(self) * self.batch_size)
