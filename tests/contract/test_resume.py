import functools

import numpy as np
import pytest

from mmssl.training import run as run_module
from mmssl.training.history import read_history
from mmssl.training.run import pretrain


class InterruptedRunError(Exception):
    """Stands for a run that ends without a word."""


def stop_after(monkeypatch, step):
    """Lets the run end right after the checkpoint of a step."""
    save = run_module.save_state

    def save_and_stop(path, model, position):
        save(path, model, position)
        if position["step"] == step:
            raise InterruptedRunError

    monkeypatch.setattr(run_module, "save_state", save_and_stop)


def overrides_of(case, *more):
    shared = ("--fit.steps=7", "--fit.checkpoint_seconds=0", "--fit.monitor_examples=8")
    return [*case.tiny, *shared, *more]


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """Trains a case from its first step to its last, once."""

    @functools.cache
    def train(recipe, overrides):
        return pretrain(recipe, tmp_path_factory.mktemp("whole") / "run", overrides, quiet=True)

    return lambda case: train(case.recipe, tuple(overrides_of(case)))


def test_a_resumed_run_equals_the_uninterrupted_one(case, uninterrupted, tmp_path, monkeypatch):
    """Nor does anything but the seed decide on the weights of two runs."""
    whole = uninterrupted(case)
    with monkeypatch.context() as patch:
        stop_after(patch, 3)
        with pytest.raises(InterruptedRunError):
            pretrain(case.recipe, tmp_path / "parts", overrides_of(case), quiet=True)
    parts = pretrain(case.recipe, tmp_path / "parts", overrides_of(case), quiet=True)
    for one, two in zip(whole.encoder.get_weights(), parts.encoder.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
    losses = [[row["loss"] for row in read_history(run.files.history)] for run in (whole, parts)]
    assert losses[0] == losses[1]


def test_another_seed_gives_other_weights(case, uninterrupted, tmp_path):
    first = uninterrupted(case).encoder.get_weights()
    overrides = overrides_of(case, "--fit.seed=1")
    other = pretrain(case.recipe, tmp_path / "run", overrides, quiet=True).encoder.get_weights()
    assert any(np.abs(one - two).max() > 0 for one, two in zip(first, other, strict=True))
