"""The demo: pretrain, probe, report and export on built-in audio."""

from rich.console import Console
from rich.table import Table

from mmssl.deploy.runs import export_run
from mmssl.evaluation.probes.table import print_table
from mmssl.evaluation.report.verdict import learned
from mmssl.training.finish import finish
from mmssl.training.pretraining import pretrain

OVERRIDES = (
    "--data.source=builtin:speech",
    "--data.label_column=sound",
    "--data.split_column=voices",
    "--fit.steps=300",
)
PROBES = ("knn", "5-shot", "linear")  # distances alone, few labels, and all of them


def demo(out):
    """Pretrains CPC on synthetic speech, and shows what it learned and where the results are.

    The question is one that pretraining is for: sounds told apart by few labels, in two voices of
    which neither the encoder nor the probe has heard anything.

    Args:
        out: path of the run folder.

    Raises:
        ValueError: the folder holds another run.
    """
    run = pretrain("audio/cpc", out, OVERRIDES)
    console = Console()
    for result in finish(run, quiet=True, probes=PROBES):
        print_table(result, console)
        console.print(f"Has it learned? {learned(result)}", highlight=False)
    exports = [export_run(run, form) for form in ("saved_model", "litert")]
    table = Table("what", "where", "differs from Keras by at most")
    table.add_row("encoder", str(run.files.encoder), "")
    for export in exports:
        table.add_row(export.format, str(export.path), f"{export.max_difference:.1e}")
    table.add_row("report", str(run.files.report), "")
    console.print(table)
