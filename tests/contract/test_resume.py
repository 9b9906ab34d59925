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


def test_a_resumed_run_equals_the_uninterrupted_one(case, tmp_path, monkeypatch):
    overrides = [
        *case.tiny,
        "--fit.steps=7",
        "--fit.checkpoint_seconds=0",
        "--fit.monitor_examples=8",
    ]
    whole = pretrain(case.recipe, tmp_path / "whole", overrides, quiet=True)
    with monkeypatch.context() as patch:
        stop_after(patch, 3)
        with pytest.raises(InterruptedRunError):
            pretrain(case.recipe, tmp_path / "parts", overrides, quiet=True)
    parts = pretrain(case.recipe, tmp_path / "parts", overrides, quiet=True)
    for one, two in zip(whole.encoder.get_weights(), parts.encoder.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
    losses = [[row["loss"] for row in read_history(run.files.history)] for run in (whole, parts)]
    assert losses[0] == losses[1]
