"""Opening a table as a source of rows that a schema has coded."""

import logging
import tempfile
from dataclasses import replace

import numpy as np

from mmssl.pipelines.sources import Source, open_source
from mmssl.pipelines.sources.arrays import held, taken
from mmssl.pipelines.sources.scan import check_skip_ratio
from mmssl.pipelines.sources.strings import Strings
from mmssl.pipelines.tables.coding import Coder
from mmssl.pipelines.tables.files import open_table
from mmssl.pipelines.tables.learning import learn_schema

LABEL, SPLIT = "label", "split"  # columns that are taken for these where none is named

logger = logging.getLogger(__name__)


def label_columns(table, label_column=None, split_column=None):
    """Returns the names of the columns of labels and of splits, of those that there are.

    Raises:
        ValueError: a column that is named is not there.
    """
    for argument, name in {"label_column": label_column, "split_column": split_column}.items():
        if name is not None and name not in table.columns:
            raise ValueError(
                f"{table.name} has no column {name!r}: set {argument} to one of "
                f"{', '.join(table.columns)}"
            )
    return [name for name in _named(label_column, split_column).values() if name in table.columns]


def _named(label_column, split_column):
    return {"label_column": label_column or LABEL, "split_column": split_column or SPLIT}


def learn(pipeline):
    """Learns the schema of a pipeline's source, from the rows to train on.

    Args:
        pipeline: TableRows.

    Returns:
        Schema.

    Raises:
        ValueError: see `learn_schema` and `label_columns`; or no row is in the split.
    """
    table = open_table(pipeline.source)
    beside = label_columns(table, pipeline.label_column, pipeline.split_column)
    unknown = sorted(set(pipeline.ignore) - set(table.columns))
    if unknown:
        raise ValueError(f"{table.name} has no column {unknown[0]!r}, of data.ignore")
    return learn_schema(
        table,
        {*beside, *pipeline.ignore},
        pipeline.categories,
        pipeline.most_values,
        pipeline.decimal,
        _to_train(pipeline, table),
    )


def open_rows(pipeline, spec, labels=None, label_column=None, split_column=None):
    """Opens a table by the schema of a pipeline; its cells are read once, a chunk at a time.

    Coded rows are kept in a file without a name, and mapped into memory.

    Args:
        pipeline: TableRows with a schema.
        spec: see `open_table`; a Source of rows is returned, with other labels if these are given.
        labels: None, or one label a row.
        label_column: name of a column; None takes `label`, if there is one.
        split_column: name of a column; None takes `split`, if there is one.

    Returns:
        Source whose items are float32 (columns,), see `Coder`. Rows that cannot be read are left
        out, and named in a warning.

    Raises:
        ValueError: columns are missing or of another kind, the labels are an input of the encoder,
            or more rows than `skip_ratio` cannot be read.
    """
    if isinstance(spec, Source):
        return open_source(spec, (), labels, label_column, split_column)
    table, schema = open_table(spec), pipeline.schema
    schema.check(table.columns, table.name)
    beside = label_columns(table, label_column, split_column)
    inputs = [name for name in beside if name in schema.names()]
    if inputs:
        raise ValueError(
            f"the column {inputs[0]!r} is an input of the encoder, which sees what it would be "
            f"measured by: pretrain with --data.ignore '[{inputs[0]}]', or with label_column or "
            "split_column set to it"
        )
    source, bad = _coded(table, schema, beside, pipeline.decimal)
    check_skip_ratio(bad, len(source) + len(bad), pipeline.skip_ratio)
    asked = {"label_column": label_column, "split_column": split_column}
    there = (name if name in beside else None for name in _named(**asked).values())
    source = open_source(source, (), labels, *there)
    request = {"source": spec} | {name: value for name, value in asked.items() if value}
    return replace(source, left_out=bad, request=request)


def _coded(table, schema, beside, decimal):
    """Returns the Source of all rows that can be read, and (name, reason) of the others."""
    coder, bad, kept, known = Coder(schema, decimal, table.name), [], [], {}
    found = {name: [] for name in beside}
    with tempfile.TemporaryFile() as file:
        for names, columns, of_chunk in table.chunks():
            columns = dict(zip(table.columns, columns, strict=True))
            rows, wrong = coder.code(names, columns)
            file.write(rows.tobytes())
            bad += of_chunk + [(names[row], reason) for row, reason in wrong.items()]
            right = [row for row in range(len(names)) if row not in wrong]
            kept += [names[row] for row in right]
            for name, texts in found.items():
                cells = columns[name]
                texts += [known.setdefault(text, text) for text in (str(cells[i]) for i in right)]
        coder.check()
        if not kept:
            check_skip_ratio(bad, len(bad), 1.0)
            raise ValueError(f"{table.name} has no rows")
        file.flush()
        shape = (len(kept), len(schema.columns))
        rows = np.memmap(file, np.float32, "c", shape=shape)
    variable = held(rows)
    return Source(
        Strings.of(kept),
        lambda index: taken(variable, index),
        columns={name: np.array(texts, object) for name, texts in found.items()},
        files=table.paths,
        content=rows,
    ), bad


def _to_train(pipeline, table):
    """Returns a function of a chunk that finds its rows in the split, up to the limit."""
    column = pipeline.split_column or SPLIT
    split = pipeline.split if column in table.columns else None
    left = np.inf if pipeline.limit is None else pipeline.limit

    def chosen(names, columns):
        nonlocal left
        use = np.ones(len(names), bool)
        if split is not None:
            use = np.array([str(text) == split for text in columns[column]], bool)
        use &= np.cumsum(use) <= left
        left -= use.sum()
        return use

    return chosen
