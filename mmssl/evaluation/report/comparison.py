"""The comparison of runs as a table on the terminal and as an HTML page."""

import textwrap
from pathlib import Path

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mmssl.evaluation.probes.knn import TEMPERATURE
from mmssl.evaluation.probes.registry import is_knn, title_of
from mmssl.evaluation.probes.table import pretrained_on
from mmssl.evaluation.report import figures, page
from mmssl.files import write_text

NAME_WIDTH = 24  # characters of a run's name before it is wrapped
CAPTION = (
    "Accuracy on the test items, mean and standard deviation over seeds; seconds of training; "
    "parameters of the encoder; RankMe of the training embeddings, which is comparable between "
    "runs of one method, not between methods."
)


def comparison_rows(compared):
    """Arranges a comparison as rows of a table.

    Args:
        compared: dict returned by `compare`.

    Returns:
        pair of the column titles and a list of rows of str, of the same length.
    """
    probes = compared["probes"]
    titles = ["run", "seeds", *map(title_of, probes), "seconds", "parameters", "RankMe"]
    rows = [
        [
            row["name"],
            _seeds(row),
            *_cells(row["encoder"], probes),
            _figure(row["seconds"], ".0f"),
            f"{row['parameters']:,}",
            _figure(row.get("rankme"), ".1f"),
        ]
        for row in compared["rows"]
    ]
    rows += [
        [f"untrained: {name}", "", *_cells(untrained, probes), "", "", ""]
        for name, untrained in _untrained(compared["rows"])
    ]
    if compared["raw"]:
        cells = [f"{compared['raw'][p]:.3f}" if p in compared["raw"] else "" for p in probes]
        rows.append(["raw input", "", *cells, "", "", ""])
    return titles, rows


def print_comparison(compared, console=None):
    """Prints a comparison.

    Args:
        compared: dict returned by `compare`.
        console: rich Console; None for standard output.
    """
    titles, rows = comparison_rows(compared)
    # Tight spacing: seven columns must fit into the 80 characters of a narrow terminal.
    table = Table(
        title=escape(_where(compared)),
        caption=escape(_caption(compared)),
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    table.add_column(titles[0], no_wrap=True)
    for title in titles[1:]:
        table.add_column(title, justify="right")
    for name, *cells in rows:
        table.add_row(escape(textwrap.fill(name, NAME_WIDTH)), *map(escape, cells))
    (console or Console()).print(table)


def write_comparison(compared, path):
    """Writes a comparison as one self-contained HTML file.

    Args:
        compared: dict returned by `compare`.
        path: file ending in .html; written atomically.

    Returns:
        pathlib.Path.

    Raises:
        ValueError: the path does not end in .html.
    """
    path = Path(path)
    if path.suffix != ".html":
        raise ValueError(f"A comparison is written to a file that ends in .html, not {path}.")
    titles, rows = comparison_rows(compared)
    table = page.table(titles, rows)
    probes = compared["probes"]
    drawn = [
        page.panel(
            title_of(probe), figures.dots(*_dots(compared, probe)), "○ untrained, ┆ raw input"
        )
        for probe in probes
    ]
    parts = [
        page.section(_where(compared), table, page.sentence(_caption(compared)), page.panels(drawn))
    ]
    write_text(path, page.page("mmssl: runs compared", ["<h1>Runs compared</h1>", *parts]))
    return path


def _caption(compared):
    counted = {row["name"]: row for row in compared["rows"] if "pretrained_on" in row}
    seen = [f"{name}, {row['n_test']}{pretrained_on(row)}" for name, row in counted.items()]
    return f"{CAPTION} Test items: {'; '.join(seen)}." if seen else CAPTION


def _dots(compared, probe):
    """Arguments of `figures.dots`: accuracies, trained and untrained, and the raw baseline."""
    rows = {
        row["name"]: [
            (figure["mean"], figure["std"] if _several(figure) else None) if figure else None
            for figure in (row["encoder"].get(probe), row["untrained"].get(probe))
        ]
        for row in compared["rows"]
    }
    return rows, compared["raw"].get(probe)


def _untrained(rows):
    """The untrained encoders, each once if several rows share it."""
    distinct = {}
    for row in filter(lambda row: row["untrained"], rows):
        means = tuple((name, round(x["mean"], 4)) for name, x in row["untrained"].items())
        distinct.setdefault(means, ([], row["untrained"]))[0].append(row["name"])
    everybody = len(distinct) == 1
    return [
        ("all" if everybody else ", ".join(names), figures) for names, figures in distinct.values()
    ]


def _cells(figures, probes):
    return [_figure(figures.get(probe), ".3f") for probe in probes]


def _figure(figure, form):
    if figure is None:
        return "-"
    mean = f"{figure['mean']:{form}}"
    return f"{mean} ± {figure['std']:{form}}" if _several(figure) else mean


def _several(figure):
    return len(figure["draws"]) > 1


def _seeds(row):
    """Number of runs and, if fewer have been probed, the number of those."""
    probed = max((len(figure["draws"]) for figure in row["encoder"].values()), default=0)
    return str(row["seeds"]) if probed == row["seeds"] else f"{probed} of {row['seeds']}"


def _where(compared):
    data = compared["data"]
    source = data.get("source") or f"{data.get('train')} and {data.get('test')}"
    limit = f", first {data['limit']} training items" if "limit" in data else ""
    column = f"{data['label_column']} in " if "label_column" in data else ""
    other = any(map(is_knn, compared["probes"])) and compared["temperature"] != TEMPERATURE
    votes = f", kNN at temperature {compared['temperature']:g}" if other else ""
    return f"{column}{source}{limit}{votes}"
