"""Runs of several processes: the weights of one, whoever is stopped or lost on the way."""

import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest

from mmssl.runs import Run, RunFolder, read_history
from mmssl.runs.checkpoint import read_position
from mmssl.strategy import VARIABLE, config_of
from mmssl.training.launch import free_ports, launch
from mmssl.training.launched import PATIENCE
from mmssl.training.pretraining import pretrain
from tests.contract.tolerances import REPLICAS, REPLICAS_MOVED, assert_near, assert_same_way
from tests.contract.visit import joined
from tests.training.test_run import TINY

pytestmark = pytest.mark.slow

RUN = [*TINY, "--fit.steps=40", "--fit.checkpoint_seconds=0", "--fit.monitor_examples=8"]
SECONDS = 240


def started(folder, workers, *overrides):
    command = ["launch", "--workers", str(workers), "--", "pretrain", "audio/cpc"]
    return subprocess.Popen(
        [sys.executable, "-m", "mmssl.cli", *command, "--out", str(folder), *RUN, *overrides],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def pair(*arguments):
    """Starts two workers without `launch`; INDEX in an argument stands for the number of each."""
    addresses = [f"127.0.0.1:{port}" for port in free_ports(2)]
    return [
        subprocess.Popen(
            [sys.executable, *(argument.replace("INDEX", str(index)) for argument in arguments)],
            env={**os.environ, VARIABLE: config_of(addresses, index)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for index in range(2)
    ]


def ended(child):
    """Waits for a run; returns its exit status and what it printed."""
    printed, _ = child.communicate(timeout=SECONDS)
    return child.returncode, printed


def wait_for_a_checkpoint(child, folder):
    wait_for(child, RunFolder(folder).checkpoint)


def wait_for(child, file):
    while child.poll() is None and not file.exists():
        time.sleep(0.05)
    assert child.poll() is None, child.communicate()[0]


def weights_of(folder):
    return Run.load(folder).method().get_weights()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run of two workers that nothing happened to."""
    folder = tmp_path_factory.mktemp("workers") / "whole"
    status, printed = ended(started(folder, 2))
    assert status == 0, printed
    return folder, printed


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """The same run of one process."""
    folder = tmp_path_factory.mktemp("workers") / "alone"
    return pretrain("audio/cpc", folder, RUN, quiet=True).folder


def test_workers_end_with_the_weights_and_losses_of_one(whole, alone):
    (several, start), (one, other) = (
        (joined(weights_of(folder)), joined(Run.load(folder).untrained.get_weights()))
        for folder in (whole[0], alone)
    )
    np.testing.assert_array_equal(start, other)
    assert_near(several, one, 8 * REPLICAS)
    way = joined(Run.load(alone).encoder.get_weights()) - other
    ways = joined(Run.load(whole[0]).encoder.get_weights()) - start
    assert_same_way(ways, way, 8 * REPLICAS_MOVED)
    losses = [
        [float(row["loss"]) for row in read_history(RunFolder(folder).history)]
        for folder in (whole[0], alone)
    ]
    assert_near(*losses, 8 * REPLICAS)


def test_every_line_has_the_number_of_its_worker_and_the_report_is_written_once(whole):
    folder, printed = whole
    lines = printed.splitlines()
    assert all(re.match(r"\[[01]\] ", line) for line in lines), printed
    assert sum("report   " in line for line in lines) == 1
    assert RunFolder(folder).report.exists()


def test_sigterm_writes_a_checkpoint_and_the_run_goes_on_to_the_same_weights(whole, tmp_path):
    folder = tmp_path / "stopped"
    child = started(folder, 2)
    wait_for_a_checkpoint(child, folder)
    assert_stopped(child, child, folder)
    status, printed = ended(started(folder, 2))
    assert status == 0, printed
    for one, other in zip(weights_of(folder), weights_of(whole[0]), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_preempted_worker_stops_all_after_the_same_step_and_one_can_go_on_alone(whole, tmp_path):
    folder = tmp_path / "preempted"
    child = started(folder, 2)
    wait_for_a_checkpoint(child, folder)
    assert_stopped(worker(child, 1), child, folder)
    pretrain("audio/cpc", folder, RUN, quiet=True)
    several, one = (joined(weights_of(path)) for path in (whole[0], folder))
    assert_near(one, several, 8 * REPLICAS)


def assert_stopped(process, child, folder):
    """Sends SIGTERM to a process of a run of two workers, of which both must stop in time."""
    begun = time.monotonic()
    process.send_signal(signal.SIGTERM)
    status, printed = ended(child)
    assert status == 143
    assert time.monotonic() - begun < 30
    step = read_position(RunFolder(folder).checkpoint)["step"]
    assert step < 40
    assert printed.count(f"stopped at step {step}; the same command goes on from there") == 2
    assert "Traceback" not in printed


def worker(child, index):
    """Returns the process of a worker that `launch` has started."""
    workers = psutil.Process(child.pid).children()
    return next(x for x in workers if f'"index": {index}' in x.environ()[VARIABLE])


@pytest.mark.parametrize("victim", [0, 1])
def test_a_worker_that_is_killed_ends_the_others_and_the_same_command_goes_on(
    victim, whole, tmp_path
):
    folder = tmp_path / "killed"
    child = started(folder, 2)
    wait_for_a_checkpoint(child, folder)
    begun = time.monotonic()
    worker(child, victim).kill()
    status, printed = ended(child)
    assert status == 128 + signal.SIGKILL
    assert time.monotonic() - begun < 60
    [said] = [line for line in printed.splitlines() if "has lost another one" in line]
    assert said.startswith(f"[{1 - victim}] mmssl: worker {1 - victim} of 2")
    assert "Traceback" not in printed
    status, printed = ended(started(folder, 2))
    assert status == 0, printed
    for one, other in zip(weights_of(folder), weights_of(whole[0]), strict=True):
        np.testing.assert_array_equal(one, other)


def test_workers_whose_launcher_is_killed_write_a_checkpoint_and_end(tmp_path):
    files = RunFolder(tmp_path / "orphaned")
    child = started(files.path, 2, "--fit.steps=100000", "--fit.checkpoint_seconds=100000")
    wait_for(child, files.history)
    workers = psutil.Process(child.pid).children()
    assert not files.checkpoint.exists()
    child.kill()
    killed = time.monotonic()
    while any(map(is_running, workers)):
        assert time.monotonic() - killed < 2 * PATIENCE
        time.sleep(0.05)
    assert 0 < read_position(files.checkpoint)["step"] < 100000


def is_running(process):
    """Says whether a process goes on; one that has ended may wait for a parent to notice."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_the_others_write_nothing(tmp_path):
    """A worker that may not write to the run folder does its part."""
    children = pair("-c", _WATCHED, str(tmp_path / "run"), *RUN)
    printed = [child.communicate(timeout=SECONDS)[0] for child in children]
    assert [child.returncode for child in children] == [0, 0], printed
    lines = [line for text in printed for line in text.splitlines() if line.startswith("wrote:")]
    chief, other = (line.split()[1:] for line in lines)
    assert other == []
    assert "last.npz" in chief


# Every way to open a file for writing passes an audit event.
_WATCHED = """
import os, sys
from pathlib import Path
from mmssl.quiet import load_tensorflow
load_tensorflow()
from mmssl.training.pretraining import pretrain
folder, *overrides = sys.argv[1:]
written = set()
def watch(event, arguments):
    if event == "open" and str(arguments[0]).startswith(folder):
        if arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            written.add(Path(arguments[0]).name)
    if event in ("os.mkdir", "os.rename", "os.remove") and str(arguments[0]).startswith(folder):
        written.add(Path(arguments[0]).name)
sys.addaudithook(watch)
pretrain("audio/cpc", folder, overrides, quiet=True)
print("wrote:", *written)
"""


def test_a_worker_that_does_not_see_the_run_folder_says_so_and_so_does_the_chief(tmp_path):
    children = pair("-m", "mmssl.cli", "pretrain", "audio/cpc", *RUN, f"--out={tmp_path}/INDEX/run")
    chief, other = (child.communicate(timeout=SECONDS)[0] for child in children)
    assert [child.returncode for child in children] == [2, 2]
    assert "worker 1 does not see" in other
    assert "worker 1 of 2 has ended, and says why" in chief


def test_launch_ends_with_the_status_of_the_one_that_failed(capsys):
    assert launch(["pretrain", "audio/none"], 2) == 2
    assert "[0] mmssl: " in capsys.readouterr().out
