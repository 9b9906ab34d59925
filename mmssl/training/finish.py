"""What follows the training of a run: whitening, probe, report, and where they are stored."""

import contextlib
import os
import subprocess
import sys

from rich.console import Console

from mmssl.evaluation import LabeledData, evaluate, write_report
from mmssl.evaluation.probes.registry import DEFAULT
from mmssl.evaluation.probes.splits import held_out
from mmssl.evaluation.probes.table import print_table
from mmssl.evaluation.whitening.of_run import whiten_run
from mmssl.evaluation.words.measure import asked, measure_words, print_words
from mmssl.quiet import quiet_logger
from mmssl.training.progress import counting

_FINISH = """
import sys
from mmssl.quiet import load_tensorflow
load_tensorflow()
from mmssl.runs import Run
from mmssl.training.finish import finish
folder, quiet, *trust = sys.argv[1:]
finish(Run.load(folder, trust), bool(quiet))
"""


def finish(run, quiet=False, probes=DEFAULT):
    """Whitens a run, evaluates it on its held-out data, probes it, and writes its report.

    What cannot be measured is named on the terminal; the report is written all the same.

    Args:
        run: Run.
        quiet: print nothing.
        probes: names of the probes of the run's data; see `evaluate`.

    Returns:
        list of dicts returned by `evaluate`: the method's own metrics on `data.validation`, then
        the probe on the run's data; each only if there are such data.
    """
    console = Console(quiet=quiet)
    with quiet_logger("mmssl.pipelines.sources"):  # training has named what is left out
        with _reported(console, "not whitened"), counting("whitening", "items", quiet) as (_, done):
            whiten_run(run, progress=done)
        words = _words(run, console)
        results, shown = _measured(run, console, probes)
        report = write_report(run, shown)
    if words:
        print_words(words, console)
    for result in results:
        print_table(result, console)
    console.print(f"encoder  {run.files.encoder}\nreport   {report}", highlight=False)
    return results


def finish_on_tensorflow(run, quiet=False):
    """Does what `finish` does in a process of its own, for a run that was trained on JAX.

    Items have many lengths, for each of which JAX would compile the encoder anew.

    Args:
        run: see `finish`.
        quiet: see `finish`.

    Returns:
        int, exit status of the process, which says what is wrong itself.
    """
    arguments = [str(run.folder), "quiet" if quiet else "", *run.trust]
    environment = {**os.environ, "KERAS_BACKEND": "tensorflow"}
    return subprocess.run([sys.executable, "-c", _FINISH, *arguments], env=environment).returncode


def _words(run, console):
    """Returns what the recipe asks of word vectors; see `measure_words`."""
    similarities, questions = asked(run.config.get("probe") or {})
    if similarities or questions:
        with _reported(console):
            return measure_words(run, similarities, questions)
    return []


def _measured(run, console, probes):
    """Returns the results, and the LabeledData that the report shows, None if there are none."""
    data, results, shown = run.data, [], None
    if data.validation is not None:
        with _reported(console):
            # Without labels the method is validated and nothing is probed.
            shown = LabeledData(data.open(data.validation).unlabeled())
            results.append(evaluate(run, shown, layer=run.layer))
    with _reported(console):
        source = data.open(data.source, data.labels, data.label_column, data.split_column)
        own = LabeledData(source, limit=data.limit)
        if shown is None or source.labels is not None:
            shown = own
        if source.labels is not None or held_out(source) is not source:
            results.append(evaluate(run, own, probes, layer=run.layer))
    return results, shown


@contextlib.contextmanager
def _reported(console, what="not measured"):
    try:
        yield
    except ValueError as error:
        console.print(f"{what}: {error}", highlight=False, markup=False)
