"""SIGKILL at random moments of a run and of its exports: the same command goes on to its end."""

import itertools
import signal
import subprocess
import sys

import numpy as np
import pytest

from mmssl.files import TEMPORARY_PREFIX
from mmssl.runs import Run, RunFolder, read_history
from tests.training.test_run import TINY

pytestmark = pytest.mark.slow

KILLS = 20
RUN = [*TINY, "--fit.steps=8", "--fit.checkpoint_seconds=0"]
# Runs a command, and kills it when it has opened, moved or removed a file of a name so many times,
# or so many seconds after that.
KILLED = """
import os, signal, sys, threading
name, number, delay, *arguments = sys.argv[1:]
left = int(number)
def kill():
    os.kill(os.getpid(), signal.SIGKILL)
def count(event, values):
    global left
    if event in EVENTS and any(name in str(value) for value in values[:2]):
        left -= 1
        if left == 0:
            threading.Timer(float(delay), kill).start() if float(delay) else kill()
EVENTS = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "shutil.rmtree"}
sys.addaudithook(count)
from mmssl import cli
sys.exit(cli.main(arguments))
"""
# In the order in which a run comes to them, with how often it touches them at most.
OF_A_RUN = [
    ("config.yaml", 8),
    ("untrained.keras", 12),
    ("plan.json", 8),
    *[("last.npz", 40)] * 5,
    *[("history.csv", 20)] * 2,
    ("encoder.keras", 10),
    ("whitening.npz", 8),
    ("metrics.json", 8),
    ("report.html", 6),
]
OF_AN_EXPORT = {"saved_model": "saved_model", "litert": "encoder.tflite"}


def started(arguments, *moment):
    code = [sys.executable, "-c", KILLED, *map(str, moment), *map(str, arguments)]
    return subprocess.run(code, capture_output=True, text=True)


def killed(arguments, name, most, random):
    """Starts a command that is killed at a moment, and says whether it was before it ended."""
    delay = random.choice([0.0, random.uniform(0, 0.5)])
    ended = started(arguments, name, random.integers(1, most + 1), delay)
    assert ended.returncode in (0, -signal.SIGKILL), ended.stderr
    return ended.returncode != 0


def run_to_the_end(arguments):
    ended = started(arguments, "no such name", 1, 0)
    assert ended.returncode == 0, ended.stderr


def left_beside(folder):
    return [path for path in folder.rglob("*") if TEMPORARY_PREFIX in path.name]


def test_a_run_and_its_exports_are_killed_twenty_times(tmp_path):
    random = np.random.default_rng(18)
    whole, folder = RunFolder(tmp_path / "whole"), RunFolder(tmp_path / "run")

    def pretraining(files):
        return ["pretrain", "audio/cpc", "--out", files.path, *RUN]

    run_to_the_end(pretraining(whole))
    kills = sum(killed(pretraining(folder), *moment, random) for moment in OF_A_RUN)
    run_to_the_end(pretraining(folder))
    assert left_beside(folder.path) == []
    one, other = (Run.load(files.path).method().get_weights() for files in (whole, folder))
    for expected, found in zip(one, other, strict=True):
        np.testing.assert_array_equal(found, expected)
    steps, expected = ([row["step"] for row in read_history(f.history)] for f in (folder, whole))
    assert steps == expected
    assert {path.name for path in whole.path.iterdir()} == {
        path.name for path in folder.path.iterdir()
    }
    exports = [
        ["export", folder.path, "--format", form, "--out", tmp_path / "exports" / name]
        for form, name in OF_AN_EXPORT.items()
    ]
    for export in itertools.islice(itertools.cycle(exports), 3 * KILLS):
        if kills < KILLS:
            kills += killed(export, "exports", 12, random)
    assert kills == KILLS
    for export in exports:
        run_to_the_end(export)
    assert sorted(path.name for path in (tmp_path / "exports").iterdir()) == sorted(
        OF_AN_EXPORT.values()
    )
