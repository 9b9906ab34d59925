"""Which data to probe on, as a user asks for them."""

import os
from dataclasses import dataclass
from typing import Any

from mmssl.evaluation.probes.splits import Split, split_source
from mmssl.pipelines.sources import Source


@dataclass(eq=False)
class LabeledData:
    """A request for labeled data: to probe, to fine-tune, to compare and to show.

    Args:
        source: labeled data, anything `Pipeline.open` takes, or an opened Source; None for the
            data that the run was trained on.
        labels: table of labels, or one label per item; see `open_source`.
        label_column: column of labels, see `open_source`.
        split_column: column that tells train, test and perhaps val, see `open_source`. Without
            one a fifth of each class is drawn to test on.
        train: source to train on, instead of a split; given together with `test`.
        test: source to test on.
        limit: train on the first so many training items alone, 1 or more; None takes all, or
            `data.limit` of the recipe where they are the run's own data.

    Raises:
        ValueError: `train` without `test` or the other way round, or a limit below 1.
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
        """Returns a request as it is, and for None an empty one.

        Raises:
            ValueError: it is something else, such as a source.
        """
        if not isinstance(data, cls | None):
            raise ValueError(
                f"data is a {type(data).__name__}; it must be a LabeledData, such as "
                "LabeledData(source, labels=...), or None for the data that the run was trained "
                "on."
            )
        return cls() if data is None else data

    def is_empty(self):
        """Tells whether nothing was asked for."""
        return all(value is None for name, value in vars(self).items() if name != "limit")

    def or_own(self, pipeline):
        """Returns the request with what is missing taken from a run's own data.

        Args:
            pipeline: Pipeline of the run.

        Returns:
            LabeledData: itself when it names a source.
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
        """Opens what is asked for.

        Args:
            pipeline: Pipeline that reads such data.
            seed: of the draw of test items, where there is no split.

        Returns:
            pair of the Source to look at, the test items, and Split. Without labels the Source is
            the whole and the Split None.

        Raises:
            ValueError: what the pipeline cannot open; splits that are no train and test.
        """
        if self.train is not None:
            split = Split(
                self._one(pipeline, "train"), self._one(pipeline, "test"), None, "two sources"
            )
        else:
            source = self._open(pipeline, self.source, self.split_column)
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
