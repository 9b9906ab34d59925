"""The labeled data that a user asks for."""

import os
from dataclasses import dataclass
from typing import Any

from mmssl.evaluation.probes.complete import complete, told
from mmssl.evaluation.probes.splits import Split, held_out, split_source
from mmssl.pipelines.sources import Source


@dataclass(eq=False)
class LabeledData:
    """A request for labeled data, to probe, fine-tune, compare or show.

    Args:
        source: labeled data, anything that `Pipeline.open` accepts, or an opened Source; None for
            the data that the run was trained on.
        labels: table of labels, or one label per item; see `open_source`.
        label_column: column of labels, see `open_source`.
        split_column: column with train, test and optionally val, see `open_source`. Without one,
            a random fifth of each class is the test set.
        train: source to train on, instead of a split; requires `test`.
        test: source to test on; requires `train`.
        limit: number of training items to use, the first ones, 1 or more; None uses all, or
            `data.limit` of the recipe for the run's own data.

    Raises:
        ValueError: only one of `train` and `test` is given, or the limit is below 1.
    """

    source: Any = None
    labels: Any = None
    label_column: str | None = None
    split_column: str | None = None
    train: Any = None
    test: Any = None
    limit: int | None = None

    def __post_init__(self):
        if (self.train is None) != (self.test is None):
            raise ValueError("Give train and test together, or neither.")
        if self.limit is not None and self.limit < 1:
            raise ValueError(f"limit={self.limit} must be 1 training item or more.")

    @classmethod
    def of(cls, data):
        """Returns a request unchanged, and an empty one for None.

        Raises:
            ValueError: `data` is something else, such as a source.
        """
        if not isinstance(data, cls | None):
            raise ValueError(
                f"data is a {type(data).__name__}; it must be a LabeledData, such as "
                "LabeledData(source, labels=...), or None for the data that the run was trained "
                "on."
            )
        return cls() if data is None else data

    def is_empty(self):
        """Returns whether no data are requested."""
        return all(value is None for name, value in vars(self).items() if name != "limit")

    def or_own(self, pipeline):
        """Fills in what the request leaves out with a run's own data.

        Args:
            pipeline: Pipeline of the run.

        Returns:
            LabeledData; the request itself if it names a source.
        """
        if self.source is not None or self.train is not None:
            return self
        return LabeledData(
            pipeline.source,
            pipeline.labels if self.labels is None else self.labels,
            self.label_column or pipeline.label_column,
            self.split_column or pipeline.split_column,
            limit=self.limit or pipeline.limit,
        )

    def open(self, pipeline, seed=0):
        """Opens the requested data.

        Args:
            pipeline: Pipeline to read the data with.
            seed: of the random split, if the data have none.

        Returns:
            pair of the Source of the test items and the Split, without items that have no label or
            no split. Without any labels, the Source has the items of the split test, or all where
            there is none, and the Split is None.

        Raises:
            ValueError: the pipeline cannot open the data, or the splits are not train and test.
        """
        if self.train is not None:
            train, left_out = complete(self._one(pipeline, "train"))
            test, also = complete(self._one(pipeline, "test"))
            split = Split(train, test, None, "two sources")
            left_out = {w: left_out.get(w, 0) + also.get(w, 0) for w in left_out | also}
        else:
            source = self._open(pipeline, self.source, self.split_column)
            if source.labels is None:
                return held_out(source), None
            source, left_out = complete(source)
            split = split_source(source, seed)
        split.left_out = left_out
        split.description += told(left_out)
        split.train = split.train.first(self.limit)
        return split.test, split

    def describe(self):
        """Returns the request as a dict of str, int or None, for JSON and for display.

        An opened source is described by the request that it was opened with.
        """
        asked = {name: value for name, value in vars(self).items() if value is not None}
        if isinstance(self.source, Source):
            opened = self.source.request
            asked = opened | asked | {"source": opened.get("source", self.source)}
        return {name: _plain(asked.get(name)) for name in vars(self)}

    def _one(self, pipeline, part):
        source = self._open(pipeline, getattr(self, part), None)
        if source.labels is None:
            raise ValueError(
                f"{part}={_plain(getattr(self, part))} has no labels: give labels=<table with a "
                "column file> or label_column."
            )
        return source

    def _open(self, pipeline, spec, split_column):
        plain = self.labels is self.label_column is split_column is None
        if isinstance(spec, Source) and plain:
            return spec
        return pipeline.open(
            spec, labels=self.labels, label_column=self.label_column, split_column=split_column
        )


def _plain(value):
    if value is None or isinstance(value, int):
        return value
    if isinstance(value, str | os.PathLike):
        return os.fspath(value)
    return f"{len(value)} items in memory"
