"""The result of a probe on the terminal."""

import math

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mmssl.evaluation.probes.knn import TEMPERATURE
from mmssl.evaluation.probes.registry import DEFAULT, mean_and_std, temperature_of

ROWS = {"encoder": "encoder", "untrained": "untrained encoder", "raw": "raw input"}


def print_table(result, console=None):
    """Prints the result of `evaluate`.

    Args:
        result: dict of `evaluate`.
        console: rich Console; the standard output when None.
    """
    console = console or Console()
    rows = accuracy_rows(result, blocks=True)
    if rows:
        console.print(_accuracies(result, rows))
    if result.get("held_out"):
        console.print(_figures("held out", result["held_out"]))
    elif result.get("held_out_missing"):
        console.print(f"no held-out figures: {escape(result['held_out_missing'])}")
    seconds = ", ".join(f"{name} {value:.1f}" for name, value in result["seconds"].items())
    console.print(f"seconds: {seconds}", highlight=False)


FINE_TUNING = {
    "fine_tuned": "fine-tuned",
    "from_scratch": "from scratch",
    "linear_probe": "linear probe, frozen",
}


def print_fine_tuning(result, console=None):
    """Prints the result of `finetune`.

    Args:
        result: dict of `finetune`.
        console: rich Console; the standard output when None.
    """
    table = Table(title=escape(probe_title(result)), caption=escape(fine_tuning_caption(result)))
    table.add_column("classifier")
    for title in ("accuracy", "draws", "seconds a draw"):
        table.add_column(title, justify="right")
    for name, text in FINE_TUNING.items():
        if name in result:
            table.add_row(text, *fine_tuning_cells(result, name))
    (console or Console()).print(table)


def fine_tuning_cells(result, name):
    """Returns accuracy, the draws' own and seconds a draw of a classifier, as str."""
    figure = result[name]
    draws = ", ".join(f"{value:.3f}" for value in figure["draws"])
    return f"{figure['mean']:.3f} ± {figure['std']:.3f}", draws, f"{result['seconds'][name]:.1f}"


def fine_tuning_caption(result):
    """Returns the sentence on the labels and the settings of a fine-tuning."""
    return (
        f"Accuracy on {result['n_test']} test items, mean and deviation of draws of "
        f"{result['n_labels']} labels, {result['classes']} classes; {result['steps']} steps of "
        f"{result['batch_size']} at {result['learning_rate']:g}; split: {result['split']}."
    )


def accuracy_rows(result, blocks=False):
    """Arranges the accuracies of a result for people.

    Args:
        result: dict of `evaluate`.
        blocks: whether each block follows, trained and untrained, where they were probed.

    Returns:
        list of (name, {probe: figure}, whether it is the best of its probe: {probe: bool}); a probe
        that does not suit the features of a row is left out.
    """
    named = {text: result[name] for name, text in ROWS.items() if name in result}
    if blocks:
        named |= _blocks(result)
    if not named:
        return []
    figures = {
        name: {probe: scores[probe] for probe in probes_in(result) if probe in scores}
        for name, scores in named.items()
    }
    best = {
        probe: max(mean_and_std(row[probe])[0] for row in figures.values() if probe in row)
        for probe in probes_in(result)
    }
    return [
        (name, row, {probe: mean_and_std(row[probe])[0] == best[probe] for probe in row})
        for name, row in figures.items()
    ]


def probes_in(result):
    """Returns the names of the probes that a result holds."""
    return result.get("probes", DEFAULT)


def mean_and_error(figure, count):
    """Returns a figure and what it may be off, in words and digits alike.

    Args:
        figure: accuracy, or dict of `summarize`.
        count: test items that it was measured on.

    Returns:
        pair of float: the accuracy and its standard error, or the mean of several draws and their
        standard deviation.
    """
    mean, deviation = mean_and_std(figure)
    return mean, standard_error(mean, count) if deviation is None else deviation


def _blocks(result):
    parts = {"encoder": "layers", "untrained encoder": "untrained_layers"}
    return {
        f"{name} to {block}": result[key][block]
        for block in result.get("layers", {})
        for name, key in parts.items()
    }


def standard_error(accuracy, count):
    """Returns the standard error of an accuracy measured on so many items."""
    return math.sqrt(accuracy * (1 - accuracy) / count)


def probe_title(result):
    """Returns a line that says what was probed, such as "digit in recordings/"."""
    data = result["data"]
    source = data["source"] or f"{data['train']} and {data['test']}"
    column = data["label_column"] or ("label" if "classes" in result else None)
    source = f"the first {data['limit']} of {source}" if data.get("limit") else source
    layer = result["layer"] if result["layer"] not in (None, "all") else None
    end = f", encoders cut after {layer}" if layer else ""
    return f"{column} in {source}{end}" if column else f"{source}{end}"


def probe_caption(result):
    """Returns the sentence on the sizes and the split of a probe."""
    several = any(probe.endswith("-shot") for probe in probes_in(result))
    temperature = temperature_of(result)
    votes = (
        f"; kNN at temperature {temperature:g}" if temperature not in (None, TEMPERATURE) else ""
    )
    drawn = " After ± stands the standard error; of N-shot, the deviation of draws."
    return (
        f"Accuracy on {result['n_test']} test items, trained on {result['n_train']}, "
        f"{result['classes']} classes, the commonest is {result['majority']:.3f} of the test "
        f"items; split: {result['split']}{votes}.{drawn if several else ''}"
    )


def _accuracies(result, rows):
    table = Table(title=escape(probe_title(result)), caption=escape(probe_caption(result)))
    table.add_column("features")
    for probe in probes_in(result):
        table.add_column(probe, justify="right")
    for name, scores, best in rows:
        cells = (_cell(scores, p, result["n_test"], best) for p in probes_in(result))
        table.add_row(name, *cells)
    return table


def _cell(scores, probe, count, best):
    if probe not in scores:
        return ""
    text = "{:.3f} ± {:.3f}".format(*mean_and_error(scores[probe], count))
    return f"[bold]{text}[/bold]" if best[probe] else text


def _figures(title, figures):
    table = Table(title=title)
    table.add_column("figure")
    table.add_column("value", justify="right")
    for name, value in figures.items():
        table.add_row(escape(name), f"{value:.4f}")
    return table
