"""One run at a time in a folder, also where machines that share a disk do not share locks."""

import errno
import fcntl
import json
import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import mmssl
from mmssl.cli import main
from mmssl.overview import overview
from mmssl.runs import RunFolder, lock
from mmssl.runs.lock import STALE_SECONDS
from mmssl.training.pretraining import pretrain
from mmssl.training.progress import Progress
from tests.training.test_run import TINY

ELSEWHERE = {"host": "elsewhere", "pid": 7, "token": "theirs"}
# Holds the lock until it is told to end. The room as a whole would import TensorFlow.
HOLDER = """
import runpy, sys
from pathlib import Path
module, path = sys.argv[1:]
with runpy.run_path(module)["Lock"](Path(path)).held():
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "run").mkdir()
    return RunFolder(tmp_path / "run")


def forge(folder, age=0.0, **owner):
    """Makes the lock one that another process renewed so many seconds ago."""
    folder.lock.path.write_text(json.dumps({**ELSEWHERE, **owner}))
    then = time.time() - age
    os.utime(folder.lock.path, (then, then))


def test_a_second_process_is_refused_until_the_first_is_killed(folder, caplog):
    source = Path(mmssl.__file__).parent / "runs" / "lock.py"
    command = [sys.executable, "-c", HOLDER, source, folder.lock.path]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, **pipes, text=True) as holder:
        assert holder.stdout.readline() == "held\n"
        refusal = rf"Another run is using .*run \(process {holder.pid} on {os.uname().nodename}\)"
        with pytest.raises(ValueError, match=refusal), folder.claim():
            pass
        holder.kill()
    with folder.claim():
        assert not caplog.records


def test_a_run_of_another_machine_that_lives_is_refused_on_the_command_line(folder, capsys):
    forge(folder, age=STALE_SECONDS / 2)
    before = folder.lock.path.stat()
    assert main(["pretrain", "audio/cpc", "--out", str(folder.path), *TINY]) == 2
    said = capsys.readouterr().err
    assert re.search(r"process 7 on elsewhere, whose last sign of life is \d\d s old", said)
    assert "wait for it, or 60 s where that machine is gone" in said
    assert said.count("\n") == 1
    after = folder.lock.path.stat()
    assert (after.st_mtime, after.st_size) == (before.st_mtime, before.st_size)


def test_one_without_a_sign_of_life_is_taken_over_and_that_is_said(folder, caplog):
    forge(folder, age=STALE_SECONDS + 5)
    with folder.claim():
        assert json.loads(folder.lock.path.read_text())["pid"] == os.getpid()
        said = r"process 7 on elsewhere, without a sign of life for \d+ s: this run takes it over"
        assert re.search(said, caplog.text)
    assert folder.lock.path.read_text() == ""


def test_a_run_gives_signs_of_life(folder, monkeypatch):
    monkeypatch.setattr(lock, "BEAT_SECONDS", 0.001)
    until = time.monotonic() + 60
    with folder.claim():
        os.utime(folder.lock.path, (0, 0))
        while folder.lock.path.stat().st_mtime == 0:
            assert time.monotonic() < until
            threading.Event().wait(0.001)


def test_a_disk_without_locks_is_told_by_the_signs_of_life(folder, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    refusal = pytest.raises(ValueError, match=rf"Another run .*process {os.getpid()} on")
    with folder.claim(), refusal, RunFolder(folder.path).claim():
        pass
    with RunFolder(folder.path).claim():
        pass


def test_a_run_that_was_paused_while_another_took_its_folder_ends(tmp_path, monkeypatch):
    folder = RunFolder(tmp_path / "run")
    advance = Progress.advance

    def taken_over(self, logs):
        advance(self, logs)
        if self.done == 2:
            forge(folder)

    monkeypatch.setattr(Progress, "advance", taken_over)
    overrides = [*TINY, "--fit.steps=4", "--fit.checkpoint_seconds=0"]
    with pytest.raises(ValueError, match=r"was taken over by process 7 on elsewhere, since"):
        pretrain("audio/cpc", folder.path, overrides, quiet=True)
    assert json.loads(folder.lock.path.read_text()) == ELSEWHERE
    assert not folder.encoder.exists()


@pytest.mark.parametrize(("age", "state"), [(0.0, "running"), (STALE_SECONDS + 5, "stopped")])
def test_the_overview_knows_a_run_of_another_machine(folder, age, state):
    folder.keep_config({"recipe": "audio/cpc", "data": {}})
    forge(folder, age)
    assert overview(folder.path)["state"] == state


def test_one_of_this_machine_that_was_killed_does_not_run(folder):
    folder.keep_config({"recipe": "audio/cpc", "data": {}})
    forge(folder, host=os.uname().nodename)
    assert overview(folder.path)["state"] == "stopped"
