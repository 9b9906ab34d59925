"""The history of a run as CSV and TensorBoard events."""

import csv
import io

import keras
import numpy as np
import tensorflow as tf

from mmssl.files import naming_full_disk
from mmssl.runs.checksums import damage, write_noted


class History(keras.callbacks.Callback):
    """Writes a row of metrics at the end of each period of a run.

    Args:
        folder: RunFolder.
        step: step that the run resumes from; later rows, which it will write again, are dropped.
        steps_per_epoch: int.
    """

    def __init__(self, folder, step, steps_per_epoch):
        super().__init__()
        self.path = folder.history
        self.steps_per_epoch = steps_per_epoch
        self.rows = [row for row in read_history(self.path) if int(row["step"]) <= step]
        self.logs = folder.logs
        with naming_full_disk(self.logs):
            self.writer = tf.summary.create_file_writer(str(self.logs))

    def on_epoch_end(self, step, logs=None):
        row = {"step": step, "epoch": round(step / self.steps_per_epoch, 4), **logs}
        self.rows.append(row)
        names = list(dict.fromkeys(name for row in self.rows for name in row))
        text = io.StringIO()
        table = csv.DictWriter(text, names)
        table.writeheader()
        table.writerows(self.rows)
        write_noted(self.path, text.getvalue())
        with naming_full_disk(self.logs), self.writer.as_default(step):
            for name, value in logs.items():
                tf.summary.scalar(name, value)
            self.writer.flush()


def waiting(history):
    """Computes which share of the time of a run's steps was spent waiting for input.

    The first row is left out where there are others: its first step is compiled, and its first
    batch waits for the data to be opened.

    Args:
        history: list of dicts from column to str, returned by `read_history`.

    Returns:
        float from 0 to 1; None without times.
    """
    rows = [row for row in history if row.get("step_seconds") and row.get("wait_seconds")]
    if not rows:
        return None
    ends = np.array([0, *(int(row["step"]) for row in rows)])
    steps, first = np.diff(ends), min(1, len(rows) - 1)
    spent, waited = (
        np.dot(steps[first:], [float(row[name]) for row in rows[first:]])
        for name in ("step_seconds", "wait_seconds")
    )
    return float(waited / spent) if spent else None


def read_history(path):
    """Reads the history of a run.

    Args:
        path: pathlib.Path of history.csv.

    Returns:
        list of dicts from column to str; empty if there is no file.

    Raises:
        ValueError: the file is damaged.
    """
    if not path.exists():
        return []
    try:
        with open(path, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file, strict=True))
        for row in rows:
            int(row["step"])
            [float(value) for value in row.values() if value]
    except (ValueError, KeyError, TypeError, csv.Error):
        raise ValueError(damage(path)) from None
    return rows
