"""Items that can be read by index, with their names, labels and other columns."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from mmssl.pipelines.sources import arrays
from mmssl.pipelines.sources.shard_index import ShardIndex
from mmssl.pipelines.sources.strings import Strings


@dataclass(eq=False)
class Source:
    """Items that can be read by index, with their names, labels and other columns.

    Attributes:
        names: list of str or `Strings`, one per item: path relative to the source folder, the
            source's column `name`, or its position: "row 12", "line 12" of a table,
            "part-0.tfrecord:12".
        read: int64 scalar tensor -> encoded file or text (string scalar), a numeric array, or the
            paths of the frames of a video, a file each (string (T,)). Works inside a graph.
        labels: array (N,) of str, "" for items without one; or None.
        splits: array (N,) of str such as "train", "test", "val", "" for items without one; or None.
        columns: all columns of the source or of its label table: name -> array (N,) of str, or
            `Strings`.
        root: folder that `names` are relative to; None if items are not files.
        files: paths of the files that hold the items, if each holds several.
        index: ShardIndex of prepared shards; None for anything else.
        content: the data, if they are in memory: an array, a list, or the name of built-in data.
        chosen: int64 array (N,), the positions of a subset's items in the source that was opened;
            None for all.
        sample_rate: of decoded waveforms in hertz; None if unknown or if items are files.
        left_out: list of (name, reason), what lies beside the items and is not read.
        reread: like `read`, for items that it has read before: it may be faster, and need not find
            what is damaged. `read` itself where there is none.
        request: the arguments that `open_source` was called with, by name; empty for a subset.
    """

    names: Sequence[str]
    read: Callable[[tf.Tensor], tf.Tensor]
    labels: np.ndarray | None = None
    splits: np.ndarray | None = None
    columns: dict[str, np.ndarray] = field(default_factory=dict)
    root: Path | None = None
    files: tuple[Path | str, ...] = ()
    index: ShardIndex | None = None
    content: Any = None
    chosen: np.ndarray | None = None
    sample_rate: int | None = None
    left_out: list[tuple[str, str]] = field(default_factory=list)
    request: dict[str, Any] = field(default_factory=dict)
    reread: Callable[[tf.Tensor], tf.Tensor] | None = None

    def __post_init__(self):
        self.reread = self.reread or self.read

    def __len__(self):
        return len(self.names)

    @property
    def has_paths(self):
        """Whether the names are paths in a folder, even of what now lies in prepared shards."""
        return self.root is not None or bool(self.index and self.index.manifest["paths"])

    def shards_of(self, indices):
        """Returns the number of the prepared shard that holds each item.

        Args:
            indices: int64 array (M,).

        Returns:
            int64 array (M,).
        """
        items = indices if self.chosen is None else self.chosen[indices]
        return np.searchsorted(self.index.starts[1:], items, side="right")

    def shards_together(self):
        """Returns how many shards are at hand at a time; 0 where all are, or there are none."""
        return 0 if self.index is None else self.index.together

    def located(self, index, reason):
        """Returns the reason why an item cannot be read, with its shard where it lies in one."""
        if self.index is None:
            return reason
        [shard] = self.shards_of(np.array([index]))
        return f"{reason}, in {self.index.paths[shard]}"

    def select(self, indices):
        """Returns a view of a subset of the items, in the order given.

        Args:
            indices: ints (M,), or bools (N,).
        """
        indices = np.asarray(indices)
        indices = np.flatnonzero(indices) if indices.dtype == bool else indices.astype(np.int64)
        chosen, read, reread = arrays.host(indices.reshape(-1)), self.read, self.reread
        return Source(
            names=_chosen(self.names, indices),
            read=lambda index: read(tf.gather(chosen, index)),
            reread=lambda index: reread(tf.gather(chosen, index)),
            labels=None if self.labels is None else self.labels[indices],
            splits=None if self.splits is None else self.splits[indices],
            columns={name: column[indices] for name, column in self.columns.items()},
            root=self.root,
            files=self.files,
            index=self.index,
            content=self.content,
            chosen=indices if self.chosen is None else self.chosen[indices],
            sample_rate=self.sample_rate,
            left_out=self.left_out,
        )

    def first(self, count=None):
        """Returns a view of the first `count` items, or the source itself if it has no more.

        Args:
            count: int, 1 or more; None keeps all.
        """
        return self if count is None or count >= len(self) else self.select(range(count))

    def unlabeled(self):
        """Returns a view of all items without their labels."""
        return replace(self, labels=None)

    def fingerprint(self):
        """Returns a short hash of the names in order, equal for equal lists of names."""
        if isinstance(self.names, Strings):
            return self.names.fingerprint()[:16]
        return hashlib.sha256("\n".join(self.names).encode()).hexdigest()[:16]


def _chosen(names, indices):
    return names[indices] if isinstance(names, Strings) else [names[i] for i in indices]
