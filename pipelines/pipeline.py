"""The base of every recipe's data section: random access by element number."""

import copy
from typing import Any, ClassVar

import numpy as np
import tensorflow as tf

from mmssl.pipelines.elements import Shuffled, mapped
from mmssl.pipelines.opening import open_for_run, open_to_train
from mmssl.pipelines.parts import WHOLE
from mmssl.pipelines.reader import Reader
from mmssl.pipelines.shard_order import ShuffledShards
from mmssl.pipelines.sources import Source


class Pipeline(Reader):
    """Batches for pretraining, and inputs for a trained encoder, from sources of one modality.

    Element number n = 0, 1, 2, ... belongs to epoch n // (steps per epoch x batch size); its item
    comes from a permutation keyed by (seed, epoch), every other draw from stateless operations
    keyed by (seed, n). So `batches(start_step=s)` is equivalent to skipping s batches, at no cost,
    and nothing depends on the number of parallel calls.

    A subclass defines `example` (one training element) besides what `Reader` asks for. It may
    extend `batched`, `finish_batch`, `index`, `restore`, `reopen`, `own_arguments`,
    `encoder_arguments` and `method_arguments`.

    Args:
        source: anything that `open_source` accepts.
        batch_size: elements per batch, 1 or more.
        cache: keep decoded items in memory, up to `cache_bytes`.
        skip_ratio: fraction of the items that may be unreadable, 0 to 1 (see `check_skip_ratio`).
        labels: table of labels and splits, see `open_source`.
        label_column: see `open_source`.
        split_column: see `open_source`.
        split: the split to pretrain on where the source has splits; None uses all items.
        limit: train only on the first `limit` items of the source (of its split); None uses all.
            Files are sorted, so with one folder per class the first items all have the same class.
        validation: a held-out source, for the method's own metrics; None for none.
        num_parallel_calls: elements processed in parallel; None lets tf.data choose.

    Attributes:
        rows_meet: bool, whether the rows of a batch look at each other in `finish_batch`, so that
            the whole batch is read for any part of it.
        items: Source of the readable items to train on; None before `prepare`.
        shapes: int64 array (N, rank), the decoded shape of every item; None before `prepare`.
        skipped: list of (name, reason), one per unreadable item.
        targets_file: name of the file of a run folder that holds what a subclass predicts, where
            that can be learned from another run's encoder (see `mmssl.training.targets`), or None.
        count: number of elements that an epoch draws from; a subclass may set it in `index`.
        sides: dict of Pipelines, where an element is a pair; empty elsewhere.
    """

    cache_bytes = 2 * 2**30
    rows_meet = False
    targets_file = None
    sides: ClassVar[dict] = {}

    def __init__(
        self,
        source: Any,
        batch_size: int = 64,
        *,
        cache: bool = True,
        skip_ratio: float = 0.01,
        labels: Any = None,
        label_column: str | None = None,
        split_column: str | None = None,
        split: str | None = "train",
        limit: int | None = None,
        validation: Any = None,
        num_parallel_calls: int | None = None,
    ):
        if batch_size < 1:
            raise ValueError(f"batch_size={batch_size} must be 1 or more")
        if not 0 <= skip_ratio <= 1:
            raise ValueError(f"skip_ratio={skip_ratio} must lie between 0 and 1")
        if num_parallel_calls is not None and num_parallel_calls < 1:
            raise ValueError(f"num_parallel_calls={num_parallel_calls} must be 1 or more, or None")
        if limit is not None and limit < 1:
            raise ValueError(f"limit={limit} must be 1 or more items, or None for all")
        self.source = source
        self.batch_size = batch_size
        self.cache = cache
        self.skip_ratio = skip_ratio
        self.labels = labels
        self.label_column = label_column
        self.split_column = split_column
        self.split = split
        self.limit = limit
        self.validation = validation
        self.num_parallel_calls = (
            tf.data.AUTOTUNE if num_parallel_calls is None else num_parallel_calls
        )
        self.items: Source | None = None
        self.shapes: np.ndarray | None = None
        self.skipped: list[tuple[str, str]] = []
        self.count = 0
        self._kept = self._key = None
        self._order: Shuffled | ShuffledShards | None = None

    # What a subclass defines.

    def example(self, index, key):
        """Makes one training element.

        Args:
            index: int64 scalar below `count`.
            key: int64 (2,), seed of the stateless draws.

        Returns:
            Dict of int32/float32 tensors of static shape.
        """
        raise NotImplementedError

    def finish_batch(self, batch):
        """Completes a batch of examples, where that is faster than one example at a time.

        The result for an element must not depend on the rest of the batch, unless `rows_meet`.
        """
        return batch

    def index(self, folder=None):
        """Sets `count` and whatever else `example` needs, once `items` is known."""
        self.count = len(self.items)

    def restore(self, folder):
        """Reads learned state from a run folder, so that `examples` works without the source."""

    def reopen(self, folder):
        """Reads what of the run in a folder, or of one to begin there, the sizes follow from."""

    def check_encoder(self, shortest):
        """Raises a ValueError where elements are too short for the encoder to train.

        Args:
            shortest: fewest samples of which it makes a frame; 1 for other inputs than sound.
        """

    def stamps_beside(self, source):
        """Returns what identifies files that are read beside those of a Source; see `stamps`."""
        return {}

    def own_arguments(self):
        """Returns its own arguments that follow from a file it reads, as from a vocabulary."""
        return {}

    def encoder_arguments(self):
        """Returns the encoder's arguments that follow from the data, such as a vocabulary size."""
        return {}

    def method_arguments(self):
        """Returns the method's arguments that follow from the data, such as its tasks."""
        return {}

    # What a subclass inherits.

    def prepare(self, folder=None, progress=None, data_changed="refuse"):
        """Opens, checks and indexes the source, which may read every item; later calls do nothing.

        Args:
            folder: run folder; the fingerprint of the data (fingerprint.json) and the list of
                unreadable items (skipped.txt) are stored in it and read back, so that a resumed run
                sees the same data.
            progress: None or function (items done, total items).
            data_changed: "refuse" data that changed since the run in `folder` began, or "accept"
                them: the run goes on with what there is now.

        Returns:
            The pipeline itself.

        Raises:
            ValueError: when the source cannot be trained on; the message says why.
        """
        if data_changed not in ("refuse", "accept"):
            raise ValueError(f"data_changed={data_changed!r} must be 'refuse' or 'accept'")
        if self.items is not None:
            return self
        opened = open_for_run(self, folder, progress, data_changed)
        found = opened.readable
        self.items, self.skipped = found.source, found.skipped
        self.shapes, self._kept, self._key = found.shapes, found.kept, found.key
        try:
            self.index(folder)
            self._check_batch_size()
            self._order = self._ordered()
        except ValueError:
            self.items = None
            raise
        opened.record(folder)
        return self

    def __len__(self):
        """Returns the number of batches per epoch.

        Raises:
            RuntimeError: when the pipeline is not prepared yet.
        """
        if self.items is None:
            raise RuntimeError(
                f"{type(self).__name__} has no length before its source is read: call prepare()"
            )
        return self.count // self.batch_size

    def batches(self, start_step=0, seed=0, parts=WHOLE):
        """Returns the infinite dataset of training batches; prepares the pipeline if necessary.

        Args:
            start_step: number of the first batch, 0 or more.
            seed: int, seed of the order and of every draw.
            parts: Parts of every batch, for one of several workers that share it: only these are
                read.

        Returns:
            tf.data.Dataset of dicts of int32/float32 tensors (batch_size, ...), or of the parts,
            one after the other, (batch_size / parts.of, ...).

        Raises:
            ValueError: `start_step` is below 0, or the batch has no such equal parts.
        """
        if start_step < 0:
            raise ValueError(f"start_step={start_step} must be 0 or more")
        if parts.of > 1:
            return parts.batches(self, start_step, seed)
        self.prepare()
        numbers = tf.data.Dataset.range(start_step * self.batch_size, tf.int64.max).repeat()
        return self.batches_of(numbers, seed, self.batch_size)

    def batches_of(self, numbers, seed, rows):
        """Makes batches of the elements of given numbers, once the pipeline is prepared.

        Args:
            numbers: tf.data.Dataset of int64 scalars, one per element.
            seed: see `batches`.
            rows: int, elements per batch.

        Returns:
            tf.data.Dataset of dicts of int32/float32 tensors (rows, ...).
        """
        batches = self.batched(numbers, tf.constant(seed, tf.int64), rows)
        finished = mapped(batches, self.finish_batch, self.num_parallel_calls)
        return finished.prefetch(tf.data.AUTOTUNE)

    def batched(self, numbers, seed, rows):
        """Turns element numbers into batches, for subclasses that read whole batches faster.

        Args:
            numbers: tf.data.Dataset of int64 scalars n, one per element.
            seed: int64 scalar tensor.
            rows: int, elements per batch.

        Returns:
            tf.data.Dataset of dicts of int32/float32 tensors (rows, ...).
        """

        def element(n):
            return self.example(self.item_index(n, seed), tf.stack([seed, n]))

        elements = mapped(numbers, element, self.num_parallel_calls)
        return elements.batch(rows, drop_remainder=True)

    def item_index(self, numbers, seed):
        """Returns the index, below `count`, of the item behind each element.

        Args:
            numbers: int64 scalar tensor, or (B,) of one epoch: element numbers.
            seed: int64 scalar tensor.

        Returns:
            int64 tensor of the same shape.
        """
        epoch_size = len(self) * self.batch_size
        epoch = tf.reshape(numbers, [-1])[0] // epoch_size
        return self._order(numbers % epoch_size, seed, epoch)

    def item_name(self, index):
        """Returns the name of the item at an index below `count`, for people to find it."""
        if self.count == len(self.items):
            return str(self.items.names[index])
        return f"element {index} of the {self.count} of an epoch"

    def on(self, source):
        """Returns a copy of this pipeline over all items of another source, learned state included.

        Args:
            source: Source, or anything that `open` accepts.
        """
        other = copy.copy(self)
        other.source, other.split, other.validation, other.items = source, None, None, None
        other.limit = None
        other.labels = other.label_column = other.split_column = None
        return other

    def kept_bytes(self):
        """Returns the size of the decoded items that are kept in memory."""
        return (
            0
            if self._kept is None
            else int(self._kept.values.shape[0]) * self._kept.values.dtype.size
        )

    def worth_caching(self, source):
        """Returns whether decoded items are worth keeping in memory."""
        return True

    def item(self, index):
        """Returns one decoded item to train on, from memory or from the source."""
        if self._kept is not None:
            return self._kept[index]
        return self.decoder_for(self.items)(self.items.reread(index))

    def item_of(self, numbers):
        """Returns the item that elements below `count` are made of, where each has one of its own.

        Args:
            numbers: int64 array.

        Returns:
            int64 array of indices of items; None where elements are not made of items in order.
        """
        return numbers if self.count == len(self.items) else None

    def _ordered(self):
        """Returns the order of the elements: a permutation, in two levels if that must be."""
        together = self.items.shards_together()
        items = self.item_of(np.arange(self.count)) if together else None
        if items is None:
            return Shuffled(self.count)
        bounds = np.searchsorted(self.items.shards_of(items), np.arange(len(self.items.files) + 1))
        return ShuffledShards(bounds, together)

    def _check_batch_size(self):
        if self.count < self.batch_size:
            raise ValueError(
                f"batch_size={self.batch_size} is larger than an epoch, {self.count} elements: "
                "lower batch_size or provide more data"
            )

    def open_to_train(self):
        """Opens the items to train on, unreadable ones included; nothing is decoded.

        Returns:
            Source.

        Raises:
            ValueError: when there is nothing to read, or nothing in the split.
        """
        return open_to_train(self)
