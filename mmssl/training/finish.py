"""What follows the training of a run: probe, report, and a word on where things lie."""

from rich.console import Console

from mmssl.evaluation.probe import evaluate
from mmssl.evaluation.report import write_report
from mmssl.evaluation.table import print_table


def finish(run, quiet=False):
    """Probes a run whose data have labels, and writes its report.

    Args:
        run: Run.
        quiet: print nothing.

    Returns:
        dict of `evaluate`, or None where the data have no labels.
    """
    given = run.config["data"]["init_args"]
    labels = {key: given.get(key) for key in ("labels", "label_column", "split_column")}
    source = run.data.open(given["source"], **labels)
    result = None
    if source.labels is not None and len(set(source.labels)) > 1:
        result = evaluate(run, given["source"], **labels, layer=run.layer)
    report = write_report(run, given["source"], **labels)
    if not quiet:
        if result:
            print_table(result)
        Console().print(f"encoder  {run.files.encoder}\nreport   {report}", highlight=False)
    return result
