"""Tables of the results of probes and fine-tuning."""

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
        result: dict returned by `evaluate`.
        console: rich Console; None for standard output.
    """
    console = console or Console()
    rows = accuracy_rows(result, blocks=True)
    if rows:
        console.print(_accuracies(result, rows))
    if "units" in result:
        console.print(_metrics("units of sound", result["units"]))
    elif "units_missing" in result:
        console.print(f"no figures of units: {escape(result['units_missing'])}")
    if "clusters" in result:
        console.print(_metrics("clusters", result["clusters"]))
    if result.get("held_out"):
        console.print(_metrics("held out", result["held_out"]))
    elif result.get("held_out_missing"):
        console.print(f"no held-out metrics: {escape(result['held_out_missing'])}")
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
        result: dict returned by `finetune`.
        console: rich Console; None for standard output.
    """
    table = Table(title=escape(probe_title(result)), caption=escape(fine_tuning_caption(result)))
    table.add_column("classifier")
    for title in ("accuracy", "draws", "seconds per draw"):
        table.add_column(title, justify="right")
    for name, text in FINE_TUNING.items():
        if name in result:
            table.add_row(text, *fine_tuning_cells(result, name))
    (console or Console()).print(table)


def fine_tuning_cells(result, name):
    """Returns accuracy, accuracy of each draw and seconds per draw of a classifier, as str."""
    accuracy = result[name]
    draws = ", ".join(f"{value:.3f}" for value in accuracy["draws"])
    return (
        f"{accuracy['mean']:.3f} ± {accuracy['std']:.3f}",
        draws,
        f"{result['seconds'][name]:.1f}",
    )


def fine_tuning_caption(result):
    """Returns a sentence on the labels and hyperparameters of a fine-tuning."""
    return (
        f"Accuracy on {result['n_test']} test items{pretrained_on(result)}, mean and standard "
        f"deviation over draws of {result['n_labels']} labels, {result['classes']} classes; "
        f"{result['steps']} steps of {result['batch_size']} at {result['learning_rate']:g}; "
        f"split: {result['split']}."
    )


def accuracy_rows(result, blocks=False):
    """Arranges the accuracies of a result as rows of a table.

    Args:
        result: dict returned by `evaluate`.
        blocks: whether to add each block, trained and untrained, if they were probed.

    Returns:
        list of (name, {probe: accuracy}, {probe: whether it is the best of its column}), plain and
        whitened where both were probed; a probe that does not apply to the features of a row is
        omitted.
    """
    named = {text: result[name] for name, text in ROWS.items() if name in result}
    whitened = result.get("whitened", {})
    named |= {f"{text}, whitened": whitened[n] for n, text in ROWS.items() if n in whitened}
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
    """Returns the names of the probes in a result."""
    return result.get("probes", DEFAULT)


def mean_and_error(accuracy, count):
    """Returns an accuracy and its uncertainty.

    Args:
        accuracy: float, or dict returned by `summarize`.
        count: number of test items that it was measured on.

    Returns:
        pair of floats: the accuracy and its standard error, or the mean of several draws and
        their standard deviation.
    """
    mean, deviation = mean_and_std(accuracy)
    return mean, standard_error(mean, count) if deviation is None else deviation


def _blocks(result):
    parts = {"encoder": "layers", "untrained encoder": "untrained_layers"}
    return {
        f"{name} to {block}": result[key][block]
        for block in result.get("layers", {})
        for name, key in parts.items()
    }


def standard_error(accuracy, count):
    """Returns the standard error of an accuracy measured on `count` items."""
    return math.sqrt(accuracy * (1 - accuracy) / count)


def probe_title(result):
    """Returns a title that names what was probed, such as "digit in recordings/"."""
    data = result["data"]
    source = data["source"] or f"{data['train']} and {data['test']}"
    column = data["label_column"] or ("label" if "classes" in result else None)
    source = f"the first {data['limit']} of {source}" if data.get("limit") else source
    layer = result["layer"] if result["layer"] not in (None, "all") else None
    end = f", encoders cut after {layer}" if layer else ""
    end += f", at step {result['step']}" if result.get("step") else ""
    return f"{column} in {source}{end}" if column else f"{source}{end}"


def probe_caption(result):
    """Returns a sentence on the data sizes and the split of a probe."""
    several = any(probe.endswith("-shot") for probe in probes_in(result))
    temperature = temperature_of(result)
    votes = (
        f"; kNN at temperature {temperature:g}" if temperature not in (None, TEMPERATURE) else ""
    )
    drawn = " ± is the standard error; for N-shot, the standard deviation over draws."
    return (
        f"Accuracy on {result['n_test']} test items{pretrained_on(result)}, "
        f"trained on {result['n_train']}, {result['classes']} classes, the most frequent is "
        f"{result['majority']:.3f} of the test items; split: {result['split']}{votes}."
        f"{drawn if several else ''}{whitening_sentence(result)}"
    )


def whitening_sentence(result):
    """Returns a sentence on whether vectors of the run are whitened; empty where it has no such."""
    if "whitening" not in result:
        return ""
    about = result["whitening"]
    form = f"whitened ({about['components']} components)" if about["used"] else "not whitened"
    return f" Embedded and exported vectors are {form}: {about['why']}."


def in_use(result):
    """Returns a result with the accuracies of the vectors that are embedded and exported.

    Args:
        result: dict returned by `evaluate`.

    Returns:
        dict whose `encoder` and `untrained` are those of whitened features if the run is whitened,
        and whose `raw` has the better of both forms for each probe.
    """
    if not result.get("whitening", {}).get("used", False):
        return result
    white = result["whitened"]
    forms = [scores["raw"] for scores in (result, white) if "raw" in scores]
    best = {
        probe: max((form[probe] for form in forms if probe in form), key=_mean)
        for probe in probes_in(result)
        if any(probe in form for form in forms)
    }
    return result | white | ({"raw": best} if forms else {})


def _mean(accuracy):
    return mean_and_std(accuracy)[0]


def pretrained_on(result):
    """Returns the part of a sentence that tells how many of the test items were pretrained on.

    Args:
        result: dict with `n_test` and `pretrained_on` of a result of `evaluate`.

    Returns:
        str, empty where the result is from before that was counted.
    """
    if "pretrained_on" not in result:
        return ""
    known = result["pretrained_on"]
    if known == 0:
        return ", none of them pretrained on"
    if known is None:
        return " (whether pretrained on is not known: the run's own data cannot be opened)"
    how_many = "all" if known == result["n_test"] else known
    return f" ({how_many} of them pretrained on, without labels)"


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


def _metrics(title, metrics):
    table = Table(title=title)
    table.add_column("metric")
    table.add_column("value", justify="right")
    for name, value in metrics.items():
        table.add_row(escape(name), figure(value))
    return table


def figure(value):
    """Writes a metric: a float with four digits, a count as it is."""
    return f"{value:.4f}" if isinstance(value, float) else str(value)
