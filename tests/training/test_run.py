import contextlib
import csv
import json
import os
import signal
import subprocess
import sys
import time
from unittest import mock

import numpy as np
import pytest
import soundfile
import tensorflow as tf
from keras import ops

from mmssl.cli import main
from mmssl.methods.bases import Pretrainer
from mmssl.pipelines.audio import AudioWindows
from mmssl.runs import Run, RunFolder
from mmssl.training import finish, loop
from mmssl.training.clock import Clock
from mmssl.training.periods import period_ends
from mmssl.training.pretraining import pretrain
from tests.stopping import StoppedError, stop_after
from tests.tolerances import ROUNDING, SUM, assert_close

TINY = [
    "--data.batch_size=4",
    "--data.window=2560",
    "--method.encoder.channels=16",
    "--method.encoder.context_dim=16",
    "--method.prediction_steps=2",
    "--fit.monitor_examples=0",
]


def tiny(folder, *overrides):
    return pretrain("audio/cpc", folder, [*TINY, "--fit.steps=4", *overrides], quiet=True)


def test_a_run_leaves_all_its_files_and_can_be_opened(tmp_path):
    run = tiny(tmp_path / "run")
    names = {path.name for path in run.folder.iterdir()}
    expected = "config.yaml environment.json history.csv logs checkpoints encoder.keras"
    assert names >= {*expected.split(), "untrained.keras", "skipped.txt"}
    opened = Run.load(run.folder)
    assert opened.recipe == "audio/cpc"
    for one, two in zip(
        opened.method().encoder.get_weights(), opened.encoder.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(one, two)
    environment = json.loads((run.folder / "environment.json").read_text())
    assert environment["seed"] == 0
    assert environment["data"]["items"] > 0


def test_reading_the_data_is_shown_on_a_terminal(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("MMSSL_CACHE", str(tmp_path / "cache"))  # for the first time
    pretrain("audio/cpc", tmp_path / "run", [*TINY, "--fit.steps=1"])
    shown = capsys.readouterr().err
    assert "reading" in shown
    assert shown.index("reading") < shown.index("pretraining")


def test_the_schedule_and_the_batch_decide_the_learning_rate(tmp_path):
    scaled = ["--fit.learning_rate=0.001", "--fit.base_batch_size=2", "--fit.warmup_epochs=0"]
    run = tiny(tmp_path / "run", *scaled, "--fit.schedule=step", "--fit.boundaries=[0.5]")
    with open(run.files.history) as file:
        rates = [float(row["learning_rate"]) for row in csv.DictReader(file)]
    # The history has the rate of the step that follows.
    assert_close(rates, [0.002, 0.0002, 0.0002, 0.0002], SUM)


def test_the_history_tells_waiting_from_work(tmp_path):
    with open(tiny(tmp_path / "run").files.history) as file:
        rows = list(csv.DictReader(file))
    assert [int(row["step"]) for row in rows] == [1, 2, 3, 4]
    for row in rows:
        waited, spent = float(row["wait_seconds"]), float(row["step_seconds"])
        assert 0 <= waited <= spent
        assert_close(float(row["wait_share"]), waited / spent, ROUNDING)
        assert float(row["samples_per_second"]) > 0


def test_a_killed_run_goes_on_to_the_weights_of_the_uninterrupted_one(tmp_path):
    """SIGKILL in the middle of an epoch, then the same command again."""
    overrides = [*TINY, "--fit.steps=40", "--fit.checkpoint_seconds=0"]
    whole = pretrain("audio/cpc", tmp_path / "whole", overrides, quiet=True)
    folder = tmp_path / "killed"
    command = [sys.executable, "-m", "mmssl.cli", "pretrain", "audio/cpc", "--quiet"]
    command += ["--out", str(folder), *overrides]
    child = subprocess.Popen(command, stderr=subprocess.PIPE)
    checkpoint = RunFolder(folder).checkpoint
    while not checkpoint.exists():
        assert child.poll() is None, child.stderr.read().decode()
        time.sleep(0.05)
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
    with np.load(checkpoint) as archive:
        assert json.loads(str(archive["position"]))["step"] < 40
    resumed = pretrain("audio/cpc", folder, overrides, quiet=True)
    for one, two in zip(whole.encoder.get_weights(), resumed.encoder.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


def test_a_run_begins_with_the_weights_of_another_run_heads_included(tmp_path, monkeypatch):
    first = tiny(tmp_path / "first")
    monkeypatch.setattr(Pretrainer, "train_step", _standing_still)
    second = tiny(tmp_path / "second", f"--fit.initial_weights={first.folder}", "--fit.seed=1")
    for one, two in zip(first.method().get_weights(), second.method().get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


def _standing_still(self, *args):
    return {"loss": ops.convert_to_tensor(1.0)}


def test_initial_weights_that_are_not_there_or_do_not_fit_are_refused(tmp_path):
    first = tiny(tmp_path / "first")
    with pytest.raises(ValueError, match=r"is not a run folder"):
        tiny(tmp_path / "second", f"--fit.initial_weights={tmp_path}")
    with pytest.raises(ValueError, match=r"does not fit this model"):
        tiny(
            tmp_path / "second",
            f"--fit.initial_weights={first.folder}",
            "--method.encoder.channels=8",
        )
    first.files.checkpoint.unlink()
    with pytest.raises(ValueError, match=r"fit\.initial_weights=.* has no .*last\.npz"):
        tiny(tmp_path / "second", f"--fit.initial_weights={first.folder}")


def test_the_method_is_told_the_number_of_steps(tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr(Pretrainer, "set_total_steps", lambda self, steps: told.append(steps))
    tiny(tmp_path / "run")
    assert told == [4]


def test_a_finished_run_is_left_as_it_is(tmp_path):
    run = tiny(tmp_path / "run")
    before = run.files.encoder.stat().st_mtime_ns
    tiny(tmp_path / "run")
    assert run.files.encoder.stat().st_mtime_ns == before


def test_a_folder_of_another_run_is_refused_and_kept(tmp_path):
    tiny(tmp_path / "run")
    with pytest.raises(ValueError, match=r"fit\.steps is 4 there, not 5"):
        tiny(tmp_path / "run", "--fit.steps=5")
    with pytest.raises(ValueError, match="holds another run"):
        pretrain("vision/colorization", tmp_path / "run")


def test_a_folder_with_other_files_is_refused_and_kept(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(ValueError, match=r"does not hold a run \(thesis.txt\)"):
        tiny(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} <= {"thesis.txt", ".lock", "checkpoints"}


def test_a_run_whose_data_are_refused_leaves_no_folder(tmp_path):
    with pytest.raises(ValueError, match="does not exist"):
        tiny(tmp_path / "run", f"--data.source={tmp_path / 'nowhere'}")
    assert not (tmp_path / "run").exists()


def test_a_run_whose_data_changed_goes_on_only_where_that_is_accepted(tmp_path, capsys):
    sounds = tmp_path / "sounds"
    sounds.mkdir()
    for number in range(9):
        wave = np.random.default_rng(number).uniform(-0.5, 0.5, 4000)
        soundfile.write(sounds / f"{number}.wav", wave, 8000)
    options = [f"--data.source={sounds}", *TINY, "--fit.steps=4", "--fit.checkpoint_seconds=0"]
    command = ["pretrain", "audio/cpc", "--quiet", "--out", str(tmp_path / "run"), *options]
    with (
        mock.patch.object(loop, "save_state", stop_after(2)),
        contextlib.suppress(StoppedError),
    ):
        main(command)
    (sounds / "3.wav").rename(sounds / "new.wav")
    soundfile.write(sounds / "4.wav", np.zeros(4001), 8000)
    assert main(command) == 2
    said = capsys.readouterr().err
    assert "1 added (new.wav), 1 removed (3.wav), 1 edited (4.wav)" in said
    assert "--data-changed accept" in said
    with mock.patch.object(finish, "finish"):
        assert main([*command, "--data-changed", "accept"]) == 0
    assert (tmp_path / "run" / "encoder.keras").exists()
    assert "new.wav" in json.loads((tmp_path / "run" / "fingerprint.json").read_text())
    (sounds / "new.wav").rename(sounds / "newer.wav")
    with mock.patch.object(finish, "finish"):
        assert main([*command, "--data-changed", "accept"]) == 0
    assert "newer.wav" in json.loads((tmp_path / "run" / "fingerprint.json").read_text())


def test_a_file_that_is_lost_while_a_run_reads_it_is_named(tmp_path):
    (tmp_path / "a.txt").write_text("a")
    names = tf.data.Dataset.from_tensors(str(tmp_path / "a.txt")).repeat()
    batches = iter(names.map(tf.io.read_file))
    clock = Clock({"seconds": 0.0, "waited": 0.0})
    assert clock.wait(batches) == b"a"
    (tmp_path / "a.txt").unlink()
    with pytest.raises(ValueError, match=r"can no longer be read \(.*a\.txt; No such file"):
        list(map(clock.wait, [batches] * 100))  # some have been read ahead


def test_two_runs_do_not_share_a_folder(tmp_path):
    refusal = pytest.raises(ValueError, match="Another run is using")
    with RunFolder(tmp_path / "run").claim(), refusal:
        tiny(tmp_path / "run")


def test_minutes_become_a_number_of_steps_once(tmp_path):
    overrides = ["--fit.steps=null", "--fit.minutes=0.01"]
    run = tiny(tmp_path / "run", *overrides)
    steps = json.loads(run.files.plan.read_text())["steps"]
    assert steps >= 1
    with np.load(run.files.checkpoint) as archive:
        assert json.loads(str(archive["position"]))["step"] == steps


def test_the_timing_of_a_step_leaves_no_trace(tmp_path):
    timed = tiny(tmp_path / "timed", "--fit.minutes=100")
    plain = tiny(tmp_path / "plain")
    for one, two in zip(timed.encoder.get_weights(), plain.encoder.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


def test_epochs_count_passes_over_the_data(tmp_path):
    run = tiny(tmp_path / "run", "--fit.steps=null", "--fit.epochs=0.1")
    plan = json.loads(run.files.plan.read_text())
    assert plan["steps"] == round(0.1 * plan["steps_per_epoch"])


def test_a_loss_that_is_no_number_stops_the_run_in_words(tmp_path):
    with pytest.raises(ValueError, match=r"is not finite at step .*Lower fit.learning_rate"):
        tiny(
            tmp_path / "run",
            "--fit.learning_rate=1e30",
            "--fit.clip_norm=null",
            "--fit.warmup_steps=0",
            "--fit.steps=20",
        )


def test_an_unfinished_run_is_no_run_to_use(tmp_path):
    with pytest.raises(ValueError, match="is not a run folder"):
        Run.load(tmp_path)


@pytest.mark.parametrize("steps", [1, 7, 100, 1999, 300_000])
@pytest.mark.parametrize("epoch", [1, 30, 99, 5000])
def test_a_run_is_looked_at_early_and_then_now_and_then(steps, epoch):
    ends = sorted(period_ends(steps, epoch))
    assert ends[-1] == steps
    assert len(ends) <= max(24, steps // epoch + 5)
    assert steps < 100 or len([end for end in ends if end <= 100]) >= 3


class Shrinking(Pretrainer):
    """Pulls all embeddings together, as a method does that forgot its negatives."""

    metric_names = ("distance",)

    def loss_terms(self, batch, outputs, training):
        embedding = ops.normalize(outputs["embedding"], axis=-1)
        return {"distance": ops.mean(ops.sum(ops.var(embedding, axis=0)))}


@pytest.mark.filterwarnings("error::mmssl.evaluation.collapse.monitor.CollapseWarning")
def test_a_collapse_is_named_within_the_first_hundred_steps(tmp_path, capsys):
    recipe = tmp_path / "shrinking.yaml"
    recipe.write_text(
        "data: {class_path: mmssl.pipelines.audio.AudioWindows, "
        "init_args: {batch_size: 8, window: 2560}}\n"
        "method:\n  class_path: tests.training.test_run.Shrinking\n  init_args:\n    encoder: "
        "{class_path: mmssl.encoders.cpc_encoder, init_args: {channels: 16, context_dim: 16}}\n"
        "fit: {steps: 2000, learning_rate: 0.01, warmup_steps: 10, stop_on_collapse: true, "
        "monitor_examples: 64}\n"
    )
    with pytest.raises(ValueError, match="The embeddings are collapsing"):
        pretrain(recipe, tmp_path / "run", trust=[__name__])
    lines = capsys.readouterr().err.splitlines()
    assert sum(line.startswith("The embeddings are collapsing: ") for line in lines) == 1
    with open(tmp_path / "run" / "history.csv") as file:
        assert int(list(csv.DictReader(file))[-1]["step"]) <= 100


def test_windows_shorter_than_a_frame_are_refused_before_the_source_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(AudioWindows, "prepare", lambda *args: pytest.fail("it was read"))
    with pytest.raises(ValueError, match=r"window=100 is shorter than one frame .* 4096 samples"):
        pretrain("audio/simclr", tmp_path / "run", ["--data.window=100"], quiet=True)
