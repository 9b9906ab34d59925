"""The reading side of every pipeline: sources of one modality, and inputs for an encoder."""

import numpy as np
import tensorflow as tf

from mmssl.pipelines.elements import mapped
from mmssl.pipelines.opening import open_readable
from mmssl.pipelines.sources import Source, open_source

BATCH = 64  # items that an encoder sees at once when it is not trained


class Reader:
    """Decodes the items of any source of one modality into inputs of a trained encoder.

    A subclass sets the `extensions` that it reads and defines `decode` (raw item -> one decoded
    tensor) and `inputs` (one input of the encoder). Where it sets `decode_arguments`, the names of
    the attributes that `decode` reads, decoded items are kept between runs (see `prepared`).

    Attributes:
        skip_ratio: fraction of the items that may be unreadable, 0 to 1 (see `check_skip_ratio`).
        num_parallel_calls: elements processed in parallel, or tf.data.AUTOTUNE.
    """

    extensions: tuple[str, ...] = ()
    decode_arguments: tuple[str, ...] | None = None
    skip_ratio: float
    num_parallel_calls: int

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        decodes_anew = {"decode", "decoder_for"} & vars(cls).keys()
        if decodes_anew and "decode_arguments" not in vars(cls):
            cls.decode_arguments = None

    # What a subclass defines.

    def decode(self, raw):
        """Decodes one raw item of the source into a tensor, or fails with the reason."""
        raise NotImplementedError

    def inputs(self, item, max_length=None):
        """Turns one decoded tensor into the encoder's inputs, a dict without a batch axis."""
        raise NotImplementedError

    def may_fit(self, source):
        """Returns whether all decoded items may fit in `cache_bytes`, as far as headers tell."""
        return True

    def decoder_for(self, source):
        """Returns `decode` for a source, for subclasses whose decoding depends on the source."""
        return self.decode

    def measurer_for(self, source):
        """Returns None, or a function for items too long to be decoded whole; see `scan`."""
        return None

    # What a subclass inherits.

    def open_all(self, spec, labels=None, label_column=None, split_column=None):
        """Opens a source of this modality, with its unreadable items; see `open_source`."""
        return open_source(spec, self.extensions, labels, label_column, split_column)

    def open(self, spec, labels=None, label_column=None, split_column=None):
        """Opens a source of this modality, without its unreadable items.

        Args:
            spec: see `open_source`, as for the other arguments.

        Returns:
            Source.

        Raises:
            ValueError: when there is nothing to read, or more than `skip_ratio` is unreadable.
        """
        return open_readable(self, spec, labels, label_column, split_column)

    def open_items(self, spec):
        """Opens a source of this modality, items that may be unreadable included.

        Args:
            spec: see `open_source`.

        Returns:
            Source.

        Raises:
            ValueError: when there is nothing to read.
        """
        return open_source(spec, self.extensions)

    def examples(self, source, batch_size=BATCH, max_length=None):
        """Returns the encoder's inputs for every item of a source, in order, in constant memory.

        Args:
            source: Source, or anything that `open` accepts.
            batch_size: items per batch; the last batch may be smaller.
            max_length: truncate items to this many samples or tokens; None keeps them whole.

        Returns:
            tf.data.Dataset of dicts, zero-padded to the longest item of the batch.
        """
        source = source if isinstance(source, Source) else self.open(source)
        decode, inputs = self.decoder_for(source), self.item_inputs(source)
        numbers = tf.data.Dataset.range(len(source))

        def item(index):
            return inputs(index, decode(source.read(index)), max_length)

        items = mapped(numbers, item, self.num_parallel_calls)
        return items.padded_batch(batch_size).prefetch(2)

    def item_inputs(self, source):
        """Returns a function of an index, the decoded item and `max_length`: see `inputs`.

        For subclasses whose inputs hold more than what is decoded, such as a column of the source.
        """
        return lambda index, item, *length: self.inputs(item, *length)

    def numbered_examples(self, source):
        """Returns the encoder's inputs in batches that fit in memory, in any order.

        Args:
            source: Source.

        Returns:
            Pair of a tf.data.Dataset of pairs, int64 (B,), the indices of the items, and a dict as
            in `examples`; and of the indices of the items that are too long to be embedded at
            once, int64 (M,), which it leaves out.
        """
        numbers = tf.data.Dataset.range(len(source)).batch(BATCH)
        examples = tf.data.Dataset.zip(numbers, self.examples(source, BATCH))
        return examples, np.empty(0, np.int64)

    def middles(self, source, batch_size):
        """Returns the encoder's inputs for every item of a source, as large as in training.

        Args:
            source: Source.
            batch_size: items per batch; the last batch may be smaller.

        Returns:
            tf.data.Dataset of dicts as in `examples`; of a recording, the window in its middle.
        """
        return self.examples(source, batch_size)

    def excerpts(self, source, order, batch_size, seed):
        """Returns the encoder's inputs for items of a source, of long recordings a part of each.

        Args:
            source: Source of N items.
            order: int array (M,), the items to take; one may be there more than once.
            batch_size: items per batch; the last batch may be smaller.
            seed: of the first sample of each part.

        Returns:
            tf.data.Dataset of dicts as in `examples`.
        """
        return self.examples(source.select(order), batch_size)

    def preview(self, source, index):
        """Returns one decoded item, for people to look at or listen to.

        Args:
            source: Source.
            index: int, index of the item.

        Returns:
            NumPy array or str, depending on the modality.
        """
        return self.decoder_for(source)(source.read(tf.constant(index, tf.int64))).numpy()
