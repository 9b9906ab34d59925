"""List the runs under a folder: recipe, data, state, step, probe, age."""

import json
from pathlib import Path

from mmssl.commands import arguments

EXAMPLES = """mmssl runs
mmssl runs experiments/ --json"""

UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))


def add_arguments(parser):
    parser.add_argument("folder", nargs="?", default="runs", help="folder; runs if not given")
    parser.add_argument("--json", action="store_true", help="print one JSON object per run")


def run(options):
    from mmssl.overview import find_runs, overview

    rows = [overview(folder) for folder in find_runs(options.folder)]
    if options.json:
        for row in rows:
            print(json.dumps(row))
        return
    _print(rows, Path(options.folder))


def _print(rows, folder):
    from rich.console import Console
    from rich.markup import escape

    table = arguments.plain_table("run", "recipe", "data", "state", "step", "probe", "age")
    for row in rows:
        name = str(Path(row["folder"]).relative_to(folder))
        cells = [name, row["recipe"] or "", _data(row["data"]), row["state"], _step(row)]
        table.add_row(*map(escape, [*cells, _probe(row["probe"]), _age(row["age"])]))
    Console().print(table)


def _data(source):
    """The names of files and folders, without those that they lie in."""
    sources = source if isinstance(source, list) else [source]
    return ", ".join(Path(one).name for one in sources if one)


def _step(row):
    return str(row["step"]) if row["steps"] is None else f"{row['step']}/{row['steps']}"


def _probe(probe):
    """Such as "digit linear 0.993, untrained 0.550", of the linear probe where there is one."""
    if probe is None:
        return ""
    name = "linear" if "linear" in probe["encoder"] else next(iter(probe["encoder"]))
    before = probe["untrained"].get(name)
    untrained = "" if before is None else f"\nuntrained {_figure(before)}"
    label = f"{probe['label']} " if probe["label"] else ""
    return f"{label}{name} {_figure(probe['encoder'][name])}{untrained}"


def _figure(accuracy):
    """Of several draws, as few-shot probes have them, the mean."""
    draws = accuracy if isinstance(accuracy, list) else [accuracy]
    return f"{sum(draws) / len(draws):.3f}"


def _age(seconds):
    unit, size = next((pair for pair in UNITS if seconds >= pair[1]), UNITS[-1])
    return f"{int(seconds / size)} {unit}"
