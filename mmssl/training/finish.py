"""What follows the training of a run: probe, report, and a word on where things lie."""

import contextlib

from rich.console import Console

from mmssl.evaluation.probe import evaluate
from mmssl.evaluation.report import write_report
from mmssl.evaluation.table import print_table


def finish(run, quiet=False):
    """Probes a run whose data have labels, and writes its report.

    What cannot be measured is said in a sentence; the report is written all the same.

    Args:
        run: Run.
        quiet: print nothing.

    Returns:
        dict of `evaluate`, or None where the data have no labels or none that can be probed.
    """
    console, data = Console(quiet=quiet), run.data
    source = result = None
    with _told(console):
        source = data.open(data.source, data.labels, data.label_column, data.split_column)
        if source.labels is not None:
            result = evaluate(run, source, layer=run.layer)
            print_table(result, console)
    report = write_report(run, source)
    console.print(f"encoder  {run.files.encoder}\nreport   {report}", highlight=False)
    return result


@contextlib.contextmanager
def _told(console):
    try:
        yield
    except ValueError as error:
        console.print(f"not measured: {error}", highlight=False, markup=False)
