"""Which data to probe on, as a user asks for them."""

import os
from dataclasses import dataclass
from typing import Any

from mmssl.evaluation.splits import Split, split_source
from mmssl.pipelines.sources import Source


@dataclass(eq=False)
class LabelledData:
    """A request for labelled data; `evaluate` has the meaning of each field.

    Attributes:
        source, labels, label_column, split_column: see `mmssl.pipelines.sources.open_source`.
        train, test: sources instead of splits, both or neither.
        limit: number of training items to use, the first ones; None for all.
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

    def is_empty(self):
        """Tells whether nothing was asked for."""
        return all(value is None for name, value in vars(self).items() if name != "limit")

    def or_own(self, data):
        """Returns the request with what is missing taken from a run's own data.

        Args:
            data: Pipeline.

        Returns:
            LabelledData: itself when it names a source.
        """
        if self.source is not None or self.train is not None:
            return self
        return LabelledData(
            data.source,
            data.labels if self.labels is None else self.labels,
            self.label_column or data.label_column,
            self.split_column or data.split_column,
            limit=self.limit or data.limit,
        )

    def open(self, data, seed=0):
        """Opens what is asked for.

        Args:
            data: Pipeline.
            seed: of the draw of test items, where there is no split.

        Returns:
            pair of the Source to look at, the test items, and Split. Without labels the Source is
            the whole and the Split None.

        Raises:
            ValueError: what the pipeline cannot open; splits that are no train and test.
        """
        if self.train is not None:
            split = Split(self._one(data, "train"), self._one(data, "test"), None, "two sources")
        else:
            source = self._open(data, self.source, self.split_column)
            if source.labels is None:
                return source, None
            split = split_source(source, seed)
        split.train = split.train.first(self.limit)
        return split.test, split

    def describe(self):
        """Returns the request as a dict of str, int or None, for JSON and for people.

        An opened source is described by what it was opened from.
        """
        asked = {name: value for name, value in vars(self).items() if value is not None}
        if isinstance(self.source, Source):
            opened = self.source.request
            asked = opened | asked | {"source": opened.get("source", self.source)}
        return {name: _plain(asked.get(name)) for name in vars(self)}

    def _one(self, data, part):
        source = self._open(data, getattr(self, part), None)
        if source.labels is None:
            raise ValueError(
                f"{part}={_plain(getattr(self, part))} has no labels: give labels=<table with a "
                "column file> or label_column."
            )
        return source

    def _open(self, data, spec, split_column):
        plain = self.labels is self.label_column is split_column is None
        if isinstance(spec, Source) and plain:
            return spec
        return data.open(
            spec, labels=self.labels, label_column=self.label_column, split_column=split_column
        )


def _plain(value):
    if value is None or isinstance(value, int):
        return value
    if isinstance(value, str | os.PathLike):
        return os.fspath(value)
    return f"{len(value)} items in memory"
