"""The section `fit.keep` of a recipe: the checkpoints that are kept beside the last one."""

import contextlib
import logging
import math
import os
import re
import shutil
from dataclasses import dataclass

from mmssl.files import atomic_write
from mmssl.runs.checkpoint import BEFORE, DamagedError, check_state, read_position

ONLINE = ("online_linear", "online_knn")
logger = logging.getLogger(__name__)


@dataclass
class Keep:
    """Which checkpoints are kept beside the last one.

    Args:
        every: keep one every so many steps, 1 or more; null for none.
        best: keep those of the best so many rows of the history, 1 or more; null for none.
        by: column of the history that says which are best: the highest online_linear, online_knn,
            rankme or accuracy of the method, or the lowest loss; of equal ones, the first.
    """

    every: int | None = None
    best: int | None = None
    by: str = ONLINE[0]

    def __post_init__(self):
        for name in ("every", "best"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"fit.keep.{name} must be at least 1, or null; got {value}.")
        if self.best is None and self.by != Keep.by:
            raise ValueError(
                f"fit.keep.by={self.by} says which are best: set fit.keep.best, how many to keep."
            )

    def check(self, columns):
        """Checks that the history will tell which checkpoints are best.

        Args:
            columns: names of the columns that the history of the run will have.

        Raises:
            ValueError: `by` is none of them, or one of which neither high nor low is good.
        """
        if self.best is None:
            return
        if self.by in ONLINE and self.by not in columns:
            raise ValueError(
                f"fit.keep.by={self.by} needs an online probe: set probe.online.source, or choose "
                "another column, such as loss."
            )
        ranking = sorted(name for name in columns if _is_ranking(name))
        if self.by not in ranking:
            raise ValueError(
                f"fit.keep.by={self.by} does not rank the checkpoints of this run: choose one of "
                f"{', '.join(ranking)}."
            )

    def doubts(self, steps):
        """Says where no checkpoint of every so many steps will be kept, as a list of str.

        Args:
            steps: int, steps of the whole run.
        """
        if self.every is None or self.every <= steps:
            return []
        return [f"fit.keep.every={self.every} keeps nothing of a run of {steps} steps."]

    def is_due(self, step, rows):
        """Says whether the checkpoint of a step is to be kept.

        Args:
            step: int, steps made so far.
            rows: rows of the history so far, the last of them perhaps of this step.
        """
        measured = bool(rows) and int(rows[-1]["step"]) == step
        return self._is_periodic(step) or (measured and step in self._best(rows))

    def outranked(self, rows):
        """Returns the steps, a set, whose checkpoints better ones have displaced."""
        if self.best is None:
            return set()
        steps = {int(row["step"]) for row in rows} - self._best(rows)
        return {step for step in steps if not self._is_periodic(step)}

    def _is_periodic(self, step):
        return self.every is not None and step % self.every == 0

    def _best(self, rows):
        """The steps of the best rows, a set; rows of a resumed run hold text."""
        if self.best is None:
            return set()
        sign = 1 if self.by == "loss" else -1
        found = [(row["step"], row.get(self.by)) for row in rows]
        ranked = [(sign * float(value), int(step)) for step, value in found if value not in _EMPTY]
        finite = [pair for pair in ranked if math.isfinite(pair[0])]
        return {step for _, step in sorted(finite)[: self.best]}


_EMPTY = (None, "")  # cells of a column that began later


class Kept:
    """The checkpoints of a run: the last one, and those that are kept beside it.

    A kept one is written first and then becomes the last one, as another name of the same file; so
    the last one is never older than one kept, and what a better one has displaced is removed when
    that is whole. The last one but one stays, lest the disk damage the last.

    Args:
        keep: Keep.
        last: pathlib.Path of the last checkpoint.
        background: function that is given the writing, see `save_state`.
    """

    def __init__(self, keep, last, background):
        self.keep, self.last, self.background = keep, last, background

    def place(self, step, rows):
        """Returns where to write the checkpoint of a step, and the `run` of `save_state` for it."""
        kept = path_of(self.last.parent, step) if self.keep.is_due(step, rows) else None
        outranked = self.keep.outranked(rows)

        def write_and_remove(write):
            if kept is not None:
                write()
            if self.last.exists():
                _name(self.last, self.last.with_name(BEFORE))
            if kept is not None:
                _name(kept, self.last)
            else:
                write()
            _remove(self.last.parent, outranked)

        return kept or self.last, lambda write: self.background(lambda: write_and_remove(write))

    def tidy(self, rows):
        """Removes what a run that was killed had no time to remove."""
        _remove(self.last.parent, self.keep.outranked(rows))


def sound(last):
    """Finds the last checkpoint that is sound, and says so where it is not the last one.

    Args:
        last: pathlib.Path of the last checkpoint.

    Returns:
        pathlib.Path of it, of the one before or of one that is kept.

    Raises:
        ValueError: the last one is missing or damaged, and there is no other.
    """
    try:
        check_state(last)
    except DamagedError as damaged:
        found = max(_sound_others(last), default=None)
        if found is None:
            raise
        step, path = found
        reason = str(damaged).partition(": restore it")[0]
        logger.warning("%s: the one before is used, %s of step %d.", reason, path, step)
        return path
    return last


def go_back(last):
    """Puts the last checkpoint that is sound in the place of the last one; see `sound`."""
    path = sound(last)
    if path != last:
        _name(path, last)


def path_of(folder, step):
    """Returns the path of the kept checkpoint of a step in the folder of checkpoints."""
    return folder / f"step_{step:06d}.npz"


def kept_steps(folder):
    """Lists the steps of which a checkpoint is kept.

    Args:
        folder: pathlib.Path of the folder of checkpoints; it need not exist.

    Returns:
        list of int, rising.
    """
    names = (re.fullmatch(r"step_(\d{6,})\.npz", path.name) for path in folder.glob("step_*.npz"))
    return sorted(int(name[1]) for name in names if name)


def find_kept(folder, step):
    """Returns the path of the kept checkpoint of a step.

    Args:
        folder: pathlib.Path of the folder of checkpoints.
        step: int.

    Raises:
        ValueError: none is kept of this step; the message lists the steps that there are.
    """
    steps = kept_steps(folder)
    if step not in steps:
        there = f"those of steps {', '.join(map(str, steps))}" if steps else "none (see fit.keep)"
        raise ValueError(f"{folder} has no checkpoint of step {step}: it keeps {there}.")
    return path_of(folder, step)


def _is_ranking(column):
    return column in ("loss", "rankme", *ONLINE) or "accuracy" in column


def _sound_others(last):
    """Yields the steps and paths of the sound checkpoints beside the last one."""
    kept = (path_of(last.parent, step) for step in kept_steps(last.parent))
    for path in (last.with_name(BEFORE), *kept):
        with contextlib.suppress(ValueError):  # missing, or damaged as well
            check_state(path)
            yield read_position(path)["step"], path


def _name(path, new):
    """Gives a file another name as well, without a second copy where the disk can."""
    with atomic_write(new) as beside:
        try:
            os.link(path, beside)
        except OSError:  # a file system without hard links
            shutil.copyfile(path, beside)


def _remove(folder, steps):
    for step in steps.intersection(kept_steps(folder)):
        path_of(folder, step).unlink()
