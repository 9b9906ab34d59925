"""Arguments that several commands share, and what they stand for."""

import dataclasses


def add_run(parser):
    """Adds the run folder that `run_of` opens."""
    parser.add_argument("folder", metavar="RUN", help="run folder")
    add_trust(parser)


def add_trust(parser):
    """Adds the modules that a recipe may name besides those of mmssl and Keras."""
    parser.add_argument(
        "--trust",
        action="append",
        default=[],
        metavar="MODULE",
        help="import this module where the recipe names it: code that you know; may be repeated",
    )


def add_found_words(parser):
    """Adds how many words are listed, and as what."""
    parser.add_argument("--top", type=int, default=10, help="words to list; 10 if not given")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def add_index_run(parser):
    """Adds the folder of the run that an index was made by, where it has moved."""
    parser.add_argument(
        "--run",
        dest="run_folder",
        metavar="RUN",
        help="where the run of the index lies, if it has moved",
    )


def add_found(parser):
    """Adds where what is found in an index is written, and what `index_of` needs to open it."""
    parser.add_argument("--out", help="page to write, with thumbnails, players or texts")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_index_run(parser)
    add_trust(parser)


def index_of(options):
    """Opens the index given on the command line.

    Returns:
        Index.

    Raises:
        ValueError: it is not an index, one of another format, or damaged.
    """
    from mmssl.search import Index

    return Index.open(options.index, options.run_folder, options.trust)


def name_of(recipe):
    """Returns the name of a run folder for a recipe, such as audio-cpc, where none is given."""
    return recipe.replace("/", "-").removesuffix(".yaml")


def run_of(options):
    """Opens the run folder given on the command line.

    Returns:
        Run.

    Raises:
        ValueError: it is not a run folder, or one of another format, or the step is not kept.
    """
    from mmssl.runs import Run

    return Run.load(options.folder, options.trust, vars(options).get("step"))


def add_step(parser):
    """Adds the kept checkpoint that `run_of` opens the run at."""
    parser.add_argument(
        "--step",
        type=int,
        metavar="N",
        help="take the encoder from the checkpoint that fit.keep has kept of this step",
    )


def add_labeled_data(parser):
    """Adds the options that `labeled_data` reads."""
    group = parser.add_argument_group("labeled data")
    for key, text in {
        "source": "folder, glob, table, archive or builtin:NAME",
        "labels": "table with a column file and one or more columns of labels",
        "label_column": "column to predict; `folder` for one folder per class",
        "split_column": "column that tells train from test",
        "train": "source to train the probe on, instead of a split",
        "test": "source to test it on",
    }.items():
        group.add_argument(f"--data.{key}", dest=key, metavar=key.upper(), help=text)


def add_stored_labels(parser):
    """Adds the labels that are stored in shards beside their items."""
    group = parser.add_argument_group("labels")
    for key, text in {
        "labels": "table with a column file; all its columns are stored",
        "label_column": "`folder` stores the name of each file's folder as its label",
    }.items():
        group.add_argument(f"--data.{key}", dest=key, metavar=key.upper(), help=text)


def add_limit(parser):
    """Adds the limit on training items, which `labeled_data` reads too."""
    parser.add_argument(
        "--data.limit",
        dest="limit",
        type=int,
        metavar="N",
        help="train on the first N training items only",
    )


def labeled_data(options):
    """Returns the labeled data given on the command line.

    Returns:
        LabeledData, empty if nothing was given.

    Raises:
        ValueError: the options contradict each other.
    """
    from mmssl.evaluation import LabeledData

    keys = {field.name for field in dataclasses.fields(LabeledData)}
    return LabeledData(**{key: value for key, value in vars(options).items() if key in keys})


def add_layer(parser, text):
    """Adds the option `--layer`, which `layer_of` reads.

    Args:
        parser: argparse.ArgumentParser.
        text: help text, what the command does with the block.
    """
    parser.add_argument("--layer", help=text)


def layer_of(options, run):
    """Returns the block given, or by default the run's own; None for the whole encoder."""
    return {None: run.layer, "whole": None}.get(options.layer, options.layer)


def add_whiten(parser):
    """Adds the option `--whiten`, see `Run.deployed_encoder`."""
    parser.add_argument(
        "--whiten",
        choices=["auto", "pca", "none"],
        default="auto",
        help="whether the embedding is whitened: auto as the run decided, pca, or none",
    )


def add_temperature(parser):
    """Adds the temperature of kNN."""
    parser.add_argument(
        "--temperature", type=float, default=0.07, help="of the kNN vote; 0.07 if not given"
    )


def names(text):
    """Splits a comma-separated list: the `type` of such an argument."""
    return [name.strip() for name in text.split(",") if name.strip()]


def plain_table(*titles):
    """Returns a table of rich without frames, whose cells are folded where a terminal is narrow.

    Args:
        *titles: str, of the columns.
    """
    from rich import box
    from rich.table import Table

    table = Table(*titles, box=box.SIMPLE_HEAD)
    table.padding, table.pad_edge = (0, 1, 0, 0), False
    for column in table.columns:
        column.overflow = "fold"
    return table
