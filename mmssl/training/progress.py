"""Progress bars on the terminal."""

import contextlib
import time

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

REFRESH_SECONDS = 0.5  # reading a loss waits for the step, so it is read rarely
LINE_SECONDS = 30.0  # between lines where there is no terminal


class Progress:
    """A progress bar on a terminal, a line from time to time elsewhere, nothing if quiet.

    Args:
        steps: total steps of the run.
        done: steps completed before.
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
        self.noted = ""
        self.begin, self.shown, self.first = time.monotonic(), time.monotonic(), done

    def __enter__(self):
        self.bar.start()
        return self

    def __exit__(self, *_):
        self.bar.stop()

    def say(self, sentence, style=None):
        """Prints a sentence at lines of its own, above the bar, on a terminal or not.

        Args:
            sentence: str.
            style: of rich, such as `"yellow"`; None for plain.
        """
        if not self.quiet:
            self.console.print(sentence, style=style, highlight=False, markup=False, soft_wrap=True)

    def note(self, figures):
        """Shows the accuracies of the online probe from now on, beside the loss.

        Args:
            figures: dict from name to number, a row of the history.
        """
        found = {name: value for name, value in figures.items() if name.startswith("online_")}
        self.noted = "".join(f"{name} {value:.3f}  " for name, value in found.items())

    def advance(self, logs):
        """Counts a step and updates the display.

        Args:
            logs: dict of scalar tensors, the running means of the metrics.
        """
        self.done += 1
        every = REFRESH_SECONDS if self.console.is_terminal else LINE_SECONDS
        now = time.monotonic()
        if self.quiet or (now - self.shown < every and self.done < self.steps):
            return
        self.shown = now
        rate = (self.done - self.first) / max(now - self.begin, 1e-9)
        figures = f"loss {float(logs['loss']):.4f}  {self.noted}{rate:.1f} steps/s"
        self.bar.update(self.task, completed=self.done, figures=figures)
        if not self.console.is_terminal:
            self.console.print(f"step {self.done}/{self.steps}  {figures}", highlight=False)


@contextlib.contextmanager
def stages():
    """Shows on a terminal which stage of a task is in progress.

    Yields:
        function (stage, items done) for the task to call.
    """
    with Console(stderr=True).status("") as status:
        yield lambda stage, done: status.update(f"{stage}: {done}")


@contextlib.contextmanager
def counting(text, unit, quiet=False):
    """Shows the progress of a task: a bar on a terminal from the first call on, nothing elsewhere.

    Args:
        text: str, description of the task.
        unit: str, what is counted.
        quiet: show nothing.

    Yields:
        Pair of a function (sentence) that prints above the bar, on a terminal or not, and a
        function (done, total) for the task to call.
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
