"""A run that keeps checkpoints, whole, stopped at any point, and refused."""

import shutil

import numpy as np
import pytest

from mmssl.runs import Run, RunFolder, read_history
from mmssl.runs import kept as module
from mmssl.runs.kept import find_kept, kept_steps, path_of
from mmssl.training.pretraining import pretrain
from tests.stopping import StoppedError
from tests.training.test_run import TINY

STEPS, EVERY, BEST = 12, 5, 2
KEEP = (f"--fit.keep.every={EVERY}", f"--fit.keep.best={BEST}", "--fit.keep.by=loss")


def train(folder, *overrides):
    return pretrain("audio/cpc", folder, [*TINY, f"--fit.steps={STEPS}", *overrides], quiet=True)


def arrays(path):
    with np.load(path) as archive:
        return [archive[f"variable_{i}"] for i in range(len(archive.files) - 1)]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return train(tmp_path_factory.mktemp("kept") / "whole", *KEEP)


def test_it_keeps_every_so_manieth_and_the_best_by_its_history(whole):
    losses = {int(row["step"]): float(row["loss"]) for row in read_history(whole.files.history)}
    best = sorted(losses, key=losses.get)[:BEST]
    folder = whole.files.checkpoint.parent
    assert kept_steps(folder) == sorted({*range(EVERY, STEPS + 1, EVERY), *best})
    names = {f"step_{step:06d}.npz" for step in kept_steps(folder)}
    assert {path.name for path in folder.iterdir()} == {"last.npz", "before.npz", *names}


def test_it_trains_the_weights_that_it_would_have_without(whole, tmp_path):
    plain = train(tmp_path / "plain")
    checkpoints = (plain.files.checkpoint, whole.files.checkpoint)
    for one, other in zip(*map(arrays, checkpoints), strict=True):
        np.testing.assert_array_equal(one, other)
    assert [path.name for path in plain.files.checkpoint.parent.iterdir()] == ["last.npz"]


def _killed(monkeypatch, name, number):
    """Ends the run where a function of the writing is called for the nth time."""
    calls, function = [], getattr(module, name)

    def ending(*values):
        calls.append(values)
        if len(calls) == number:
            raise StoppedError
        return function(*values)

    monkeypatch.setattr(module, name, ending)


# After a kept checkpoint was written, before it became the last one; and before the removal.
@pytest.mark.parametrize(("name", "number"), [("_name", 4), ("_remove", 6)])
def test_killed_and_resumed_it_keeps_what_the_uninterrupted_one_does(
    name, number, whole, tmp_path, monkeypatch
):
    with monkeypatch.context() as patch:
        _killed(patch, name, number)
        with pytest.raises(StoppedError):
            train(tmp_path / "parts", *KEEP)
    parts = train(tmp_path / "parts", *KEEP)
    folders = [run.files.checkpoint.parent for run in (whole, parts)]
    assert kept_steps(folders[0]) == kept_steps(folders[1])
    for step in kept_steps(folders[0]):
        pairs = zip(*(arrays(find_kept(folder, step)) for folder in folders), strict=True)
        assert all(np.array_equal(one, other) for one, other in pairs)


def test_a_kept_step_opens_with_its_own_weights(whole, caplog):
    at_step, at_end = Run.load(whole.folder, step=EVERY), Run.load(whole.folder)
    assert (at_step.step, at_end.step) == (EVERY, None)
    first, last = at_step.encoder.get_weights(), at_end.encoder.get_weights()
    assert any(not np.array_equal(one, other) for one, other in zip(first, last, strict=True))
    assert f": this encoder is that of step {EVERY} of {STEPS}" in caplog.text


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["--fit.keep.best=3"], r"fit\.keep\.by=online_linear needs an online probe"),
        (["--fit.keep.best=3", "--fit.keep.by=seconds"], r"choose one of accuracy, loss"),
        (["--fit.keep.best=0"], r"fit\.keep\.best must be at least 1"),
        (["--fit.keep.every=2.5"], r"fit\.keep\.every cannot be '2\.5'\. It takes int"),
        (["--fit.keep.evry=3"], r"no key 'fit\.keep\.evry'; did you mean 'fit\.keep\.every'"),
    ],
)
def test_what_it_cannot_keep_is_refused_before_the_first_step(overrides, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        train(tmp_path / "run", *overrides)
    assert not (tmp_path / "run").exists()


def test_a_run_that_keeps_nothing_says_so(tmp_path, capfd):
    pretrain("audio/cpc", tmp_path / "run", [*TINY, "--fit.steps=1", "--fit.keep.every=9"])
    assert "fit.keep.every=9 keeps nothing of a run of 1 steps" in capfd.readouterr().err


def test_what_a_killed_run_had_no_time_to_remove_goes_when_it_goes_on(whole, tmp_path):
    folder = RunFolder(shutil.copytree(whole.folder, tmp_path / "run"))
    checkpoints, kept = folder.checkpoint.parent, kept_steps(folder.checkpoint.parent)
    displaced = min({*range(1, STEPS)} - {*kept})
    path_of(checkpoints, displaced).touch()
    folder.encoder.unlink()  # so that the same command has work to do
    train(folder.path, *KEEP)
    assert kept_steps(checkpoints) == kept
