"""A run on Keras' JAX backend: stopped, resumed, finished; what cannot work is refused."""

import os
import subprocess
import sys

import numpy as np
import pytest

from mmssl.runs import Run, RunFolder, read_history
from tests.training.test_run import TINY

pytest.importorskip("jax")
pytestmark = pytest.mark.slow

RUN = [*TINY, "--fit.steps=6", "--fit.checkpoint_seconds=0"]


def on_jax(folder, *overrides, devices=2):
    """Runs the command; returns its exit status and what it printed."""
    flags = f"--xla_force_host_platform_device_count={devices}"
    command = [sys.executable, "-m", "mmssl.cli", "pretrain", "audio/cpc", "--out", str(folder)]
    environment = {**os.environ, "KERAS_BACKEND": "jax", "XLA_FLAGS": flags}
    ended = subprocess.run(
        [*command, *RUN, *overrides], env=environment, capture_output=True, text=True
    )
    return ended.returncode, ended.stdout + ended.stderr


# Stops after two steps, as a preempted process does.
_STOPPED = """
import os, signal, sys
from mmssl import cli
from mmssl.training.progress import Progress
advance = Progress.advance
def interrupted(self, logs):
    advance(self, logs)
    if self.done == 2:
        os.kill(os.getpid(), signal.SIGTERM)
Progress.advance = interrupted
sys.exit(cli.main(sys.argv[1:]))
"""


def test_a_run_is_stopped_and_goes_on_to_the_weights_of_the_uninterrupted_one(tmp_path):
    status, printed = on_jax(tmp_path / "whole", "--fit.strategy=mirrored")
    assert status == 0, printed
    files = RunFolder(tmp_path / "whole")
    assert files.report.exists()
    assert len(read_history(files.history)) > 1
    arguments = ["pretrain", "audio/cpc", "--out", str(tmp_path / "parts"), *RUN]
    flags = "--xla_force_host_platform_device_count=2"
    stopped = subprocess.run(
        [sys.executable, "-c", _STOPPED, *arguments, "--fit.strategy=mirrored"],
        env={**os.environ, "KERAS_BACKEND": "jax", "XLA_FLAGS": flags},
    )
    assert stopped.returncode == 143
    status, printed = on_jax(tmp_path / "parts", "--fit.strategy=mirrored")
    assert status == 0, printed
    weights = [Run.load(tmp_path / name).encoder.get_weights() for name in ("whole", "parts")]
    for one, other in zip(*weights, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("--fit.strategy=multi_worker", "needs KERAS_BACKEND=tensorflow"),
        ("--probe.online.source=builtin:speech", "probe.online needs KERAS_BACKEND=tensorflow"),
        ("--fit.remat=true", "fit.remat=true needs the TensorFlow backend"),
        ("--fit.accumulate=2", "TensorFlow"),
    ],
)
def test_what_needs_tensorflow_is_refused(override, words, tmp_path):
    status, printed = on_jax(tmp_path / "run", override)
    assert status == 2
    assert words in printed
    assert not (tmp_path / "run").exists()
