"""Arguments that several commands have, and what they stand for."""

import dataclasses


def add_run(parser):
    """Adds the run folder, which `run_of` opens."""
    parser.add_argument("folder", metavar="RUN", help="run folder")


def run_of(options):
    """Opens the run folder that was named.

    Returns:
        Run.

    Raises:
        ValueError: it is no run folder.
    """
    from mmssl.runs import Run

    return Run.load(options.folder)


def add_labeled_data(parser):
    """Adds what `labeled_data` makes a request of."""
    group = parser.add_argument_group("labeled data")
    for key, text in {
        "source": "folder, glob, table, archive or builtin:NAME",
        "labels": "table with a column file and one or more of labels",
        "label_column": "column to predict; `folder` for one folder a class",
        "split_column": "column that tells train from test",
        "train": "source to train the probe on, instead of a split",
        "test": "source to test it on",
    }.items():
        group.add_argument(f"--data.{key}", dest=key, metavar=key.upper(), help=text)


def add_limit(parser):
    """Adds how many training items there may be, a part of `labeled_data`."""
    parser.add_argument(
        "--data.limit",
        dest="limit",
        type=int,
        metavar="N",
        help="train on the first N training items alone",
    )


def labeled_data(options):
    """Returns the data that were asked for.

    Returns:
        LabeledData, empty where nothing was.

    Raises:
        ValueError: it asks for what does not go together.
    """
    from mmssl.evaluation import LabeledData

    keys = {field.name for field in dataclasses.fields(LabeledData)}
    return LabeledData(**{key: value for key, value in vars(options).items() if key in keys})


def add_layer(parser, text):
    """Adds the block to look at, of which `layer_of` makes a layer.

    Args:
        parser: argparse.ArgumentParser.
        text: what the command does with it.
    """
    parser.add_argument("--layer", help=text)


def layer_of(options, run):
    """Returns the block that was asked for, or else the run's own; None for the whole encoder."""
    return {None: run.layer, "whole": None}.get(options.layer, options.layer)


def add_temperature(parser):
    """Adds the temperature of kNN."""
    parser.add_argument(
        "--temperature", type=float, default=0.07, help="of the votes of kNN; 0.07 if not given"
    )


def names(text):
    """Returns the names of a list with commas: the `type` of such an argument."""
    return [name.strip() for name in text.split(",") if name.strip()]
