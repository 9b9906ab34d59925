"""Progress of a run on the terminal."""

import contextlib
import time

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

REFRESH_SECONDS = 0.5  # reading a loss waits for the step, so it is read seldom
LINE_SECONDS = 30.0  # between lines where there is no terminal


class Progress:
    """A bar on a terminal, a line now and then elsewhere, nothing when quiet.

    Args:
        steps: all steps of the run.
        done: steps done before.
        quiet: show nothing.
    """

    def __init__(self, steps, done=0, quiet=False):
        self.steps, self.done, self.quiet = steps, done, quiet
        self.console = Console(stderr=True)
        self.bar = Bars(
            TextColumn("pretraining"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[figures]}"),
            TimeRemainingColumn(),
            console=self.console,
            disable=quiet or not self.console.is_terminal,
        )
        self.task = self.bar.add_task("pretraining", total=steps, completed=done, figures="")
        self.begin, self.shown, self.first = time.monotonic(), time.monotonic(), done

    def __enter__(self):
        self.bar.start()
        return self

    def __exit__(self, *_):
        self.bar.stop()

    def advance(self, logs):
        """Counts a step.

        Args:
            logs: dict of scalar tensors, the running means.
        """
        self.done += 1
        every = REFRESH_SECONDS if self.console.is_terminal else LINE_SECONDS
        now = time.monotonic()
        if self.quiet or (now - self.shown < every and self.done < self.steps):
            return
        self.shown = now
        rate = (self.done - self.first) / max(now - self.begin, 1e-9)
        figures = f"loss {float(logs['loss']):.4f}  {rate:.1f} steps/s"
        self.bar.update(self.task, completed=self.done, figures=figures)
        if not self.console.is_terminal:
            self.console.print(f"step {self.done}/{self.steps}  {figures}", highlight=False)


@contextlib.contextmanager
def stages():
    """Shows which stage of a work is under way, on a terminal.

    Yields:
        function (stage, items done) that the work calls.
    """
    with Console(stderr=True).status("") as status:
        yield lambda stage, done: status.update(f"{stage}: {done}")


@contextlib.contextmanager
def counting(text, unit, quiet=False):
    """Shows how much of a work is done: a bar on a terminal from the first count on, nothing
    elsewhere.

    Args:
        text: what is done.
        unit: what is counted.
        quiet: show nothing.

    Yields:
        Pair of a function of a sentence, which is printed above the bar, on a terminal or not, and
        a function (done, in all) that the work calls.
    """
    console = Console(stderr=True, quiet=quiet)
    columns = [TextColumn(text), BarColumn(), MofNCompleteColumn(), TextColumn(unit)]
    bar = Bars(*columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal)
    task = bar.add_task(text, visible=False)
    with bar:
        yield (
            lambda sentence: console.print(sentence, highlight=False, soft_wrap=True),
            lambda done, total: bar.update(task, completed=done, total=total, visible=True),
        )
