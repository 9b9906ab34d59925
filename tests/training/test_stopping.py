"""Ctrl-C and SIGTERM: the step is finished, its checkpoint written, and what is kept is said."""

import json
import os
import queue
import signal
import threading
from unittest import mock

import numpy as np
import pytest

from mmssl.cli import main
from mmssl.pipelines.pipeline import Pipeline
from mmssl.runs import RunFolder
from mmssl.stopping import StoppedError, at_once, deferred
from mmssl.training import pretraining
from mmssl.training.pretraining import pretrain
from mmssl.training.progress import Progress
from tests.training.test_run import TINY

STEPS, STOPPED = 5, 2
TINY = [*TINY, f"--fit.steps={STEPS}"]
SIGNALS = pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)


@pytest.fixture(autouse=True)
def _signals_that_are_not_ignored():
    """As in a shell's foreground: what a shell starts in the background ignores Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def signals(monkeypatch):
    """Sends signals to this process in the middle of step STOPPED, as often as asked for."""

    def send(number, times=1):
        advance = Progress.advance

        def interrupted(self, logs):
            advance(self, logs)
            for _ in range(times if self.done == STOPPED else 0):
                os.kill(os.getpid(), number)

        monkeypatch.setattr(Progress, "advance", interrupted)

    return send


def step_of(folder):
    with np.load(folder.checkpoint) as archive:
        return json.loads(str(archive["position"]))["step"]


def test_a_stopped_run_keeps_its_last_step_and_ends_as_the_uninterrupted_one(
    signals, tmp_path, capsys, monkeypatch
):
    folder = RunFolder(tmp_path / "run")
    signals(signal.SIGINT)
    assert main(["pretrain", "audio/cpc", "--quiet", "--out", str(folder.path), *TINY]) == 130
    monkeypatch.undo()
    said = f"mmssl: stopped at step {STOPPED}; the same command goes on from there.\n"
    assert capsys.readouterr().err == said
    assert step_of(folder) == STOPPED
    resumed = pretrain("audio/cpc", folder.path, TINY, quiet=True)
    whole = pretrain("audio/cpc", tmp_path / "whole", TINY, quiet=True)
    for one, two in zip(resumed.method().get_weights(), whole.method().get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


def test_in_python_a_stopped_run_raises_keyboard_interrupt_in_words(signals, tmp_path, capfd):
    signals(signal.SIGINT)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt, match=f"stopped at step {STOPPED}; the same command"):
        pretrain("audio/cpc", tmp_path / "run", TINY)
    assert "stopping after this step; once more stops at once" in capfd.readouterr().err
    assert signal.getsignal(signal.SIGINT) == before


def test_a_second_signal_stops_at_once(signals, tmp_path):
    signals(signal.SIGINT, times=2)
    with pytest.raises(KeyboardInterrupt, match="nothing is trained; the same command begins anew"):
        pretrain("audio/cpc", tmp_path / "run", TINY, quiet=True)
    assert not RunFolder(tmp_path / "run").checkpoint.exists()


@SIGNALS
def test_a_run_that_is_stopped_before_its_first_step_says_so(
    number, status, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(Pipeline, "prepare", lambda *_: os.kill(os.getpid(), number))
    assert main(["pretrain", "audio/cpc", "--out", str(tmp_path / "run")]) == status
    said = (
        "mmssl: stopped before a step was kept: nothing is trained; the same command begins anew."
    )
    assert capsys.readouterr().err == f"{said}\n"
    assert not (tmp_path / "run").exists()


def test_a_run_that_is_stopped_in_its_last_step_is_kept(signals, tmp_path, monkeypatch):
    signals(signal.SIGTERM)
    overrides = [*TINY, f"--fit.steps={STOPPED}"]
    with at_once(), pytest.raises(StoppedError, match=f"stopped at step {STOPPED}"):
        pretrain("audio/cpc", tmp_path / "run", overrides, quiet=True)
    monkeypatch.undo()
    assert pretrain("audio/cpc", tmp_path / "run", overrides, quiet=True).encoder.count_params()


def test_a_report_that_is_stopped_is_written_by_the_same_command(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(pretraining, "Training", lambda *_: _Nothing())
    monkeypatch.setattr("mmssl.training.finish.finish", lambda *_: os.kill(os.getpid(), 15))
    assert main(["pretrain", "audio/cpc", "--out", str(tmp_path / "run")]) == 143
    assert "which is complete: the same command writes the report" in capsys.readouterr().err


class _Nothing:
    def run(self):
        """Trains nothing."""


def test_a_run_in_another_thread_leaves_the_signals_alone():
    found = []

    def use():
        with at_once(), deferred() as request:
            found.append((request.number, signal.getsignal(signal.SIGTERM)))

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert found == [(None, signal.getsignal(signal.SIGTERM))]


def test_a_signal_that_is_ignored_stays_so():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with deferred(quiet=True) as request:
            os.kill(os.getpid(), signal.SIGINT)
            assert request.number is None
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_step_that_outlasts_the_notice_of_a_preemption_is_ended(monkeypatch, capfd):
    statuses = queue.Queue()
    monkeypatch.setattr(os, "_exit", statuses.put)

    def take_too_long():
        os.kill(os.getpid(), signal.SIGTERM)
        assert statuses.get(timeout=60) == 143

    with pytest.raises(StoppedError), deferred(quiet=True, patience=0.01):
        take_too_long()
    assert "stopped in the middle of a step" in capfd.readouterr().err


@SIGNALS
def test_a_step_that_ends_in_time_is_not_ended_nor_is_one_after_ctrl_c(number, status, monkeypatch):
    timers = []
    monkeypatch.setattr(threading, "Timer", lambda *_: timers.append(mock.Mock()) or timers[-1])
    with pytest.raises(StoppedError), deferred(quiet=True, patience=1):
        os.kill(os.getpid(), number)
    assert len(timers) == (status == 143)
    assert all(timer.cancel.called for timer in timers)


def test_a_preempted_run_exits_without_a_checkpoint_if_told_so(signals, tmp_path, capsys):
    folder = RunFolder(tmp_path / "run")
    signals(signal.SIGTERM)
    arguments = ["pretrain", "audio/cpc", "--quiet", "--out", str(folder.path), *TINY]
    assert main([*arguments, "--fit.on_preempt=exit"]) == 143
    assert not folder.checkpoint.exists()
    assert "nothing is trained" in capsys.readouterr().err
