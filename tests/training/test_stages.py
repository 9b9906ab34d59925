"""Stages of a method in one command: each layer from the weights of the run before."""

import numpy as np
import pytest

from mmssl.runs.checkpoint import read_position
from mmssl.training import loop
from mmssl.training.iterations import runs_in_order
from mmssl.training.pretraining import pretrain
from tests.contract.cases import all_cases
from tests.stopping import StoppedError, stop_after

FIXED = ("--fit.steps=3", "--fit.monitor_examples=0", "--fit.checkpoint_seconds=0")


def train(folder, *overrides, name="deep_belief_network"):
    case = all_cases()[name]
    return pretrain(case.recipe, folder, [*case.tiny, *FIXED, *overrides], quiet=True)


@pytest.mark.slow
def test_a_run_of_the_second_stage_trains_the_first_before_it(tmp_path, monkeypatch):
    for step in (2, 1):  # in the middle of the first stage, and of the second
        with monkeypatch.context() as patch:
            patch.setattr(loop, "save_state", stop_after(step))
            with pytest.raises(StoppedError):
                train(tmp_path / "both")
    both = train(tmp_path / "both")
    first = train(tmp_path / "first", "--method.stage=1")
    begin = f"--fit.initial_weights={first.folder}"
    second = train(tmp_path / "second", "--method.stage=2", begin)
    weights = [run.encoder.get_weights() for run in (both, second, first)]
    for one, two in zip(*weights[:2], strict=True):
        np.testing.assert_array_equal(one, two)
    for one, below in zip(weights[0][:2], weights[2][:2], strict=True):
        np.testing.assert_array_equal(one, below)  # what the second stage does not train
    assert not np.array_equal(weights[0][2], weights[2][2])
    steps = [
        read_position(tmp_path / name / "checkpoints" / "last.npz")["step"]
        for name in ("both_stage_1", "both")
    ]
    assert steps == [3, 3]


def test_what_is_trained_follows_from_the_stage_and_where_it_begins(tmp_path):
    case, out = all_cases()["stacked_denoising_autoencoder"], tmp_path / "run"
    folders = [folder.name for folder, _ in runs_in_order(case.config(), out)]
    assert folders == ["run_stage_1", "run_stage_2", "run"]
    given = case.config("--fit.initial_weights=elsewhere")
    assert runs_in_order(given, out) == [(out, [])]
    assert runs_in_order(case.config("--method.stage=1"), out) == [(out, [])]


def test_a_stage_that_there_is_not_is_refused_before_the_first_one(tmp_path):
    with pytest.raises(ValueError, match="stage=4"):
        train(tmp_path / "run", "--method.stage=4", name="stacked_denoising_autoencoder")
    assert list(tmp_path.iterdir()) == []
