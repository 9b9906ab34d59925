"""Several iterations in one command: the first on MFCCs, the next on the run before."""

import shutil

import numpy as np
import pytest

from mmssl.pipelines.audio.units.stored import Units
from mmssl.training import loop
from mmssl.training.pretraining import pretrain
from tests.contract.cases import all_cases
from tests.stopping import StoppedError, stop_after

FIXED = ("--fit.steps=2", "--fit.monitor_examples=0", "--fit.checkpoint_seconds=0")


def train(folder, *overrides):
    case = all_cases()["hubert"]
    return pretrain(case.recipe, folder, [*case.tiny, *FIXED, *overrides], quiet=True)


@pytest.mark.slow
def test_two_iterations_are_two_commands_and_go_on_where_they_were_stopped(tmp_path, monkeypatch):
    one = train(tmp_path / "one")
    two = train(tmp_path / "two", f"--data.targets={one.folder}")
    for step in (2, 1):  # between the two, and in the middle of the second
        with monkeypatch.context() as patch:
            patch.setattr(loop, "save_state", stop_after(step))
            with pytest.raises(StoppedError):
                train(tmp_path / "both", "--fit.iterations=2")
    both = train(tmp_path / "both", "--fit.iterations=2")
    first = tmp_path / "both_iteration_1"
    np.testing.assert_array_equal(Units.read(first).labels, Units.read(one.folder).labels)
    for got, expected in zip(both.encoder.get_weights(), two.encoder.get_weights(), strict=True):
        np.testing.assert_array_equal(got, expected)
    assert Units.read(both.folder).centers.shape == (12, 32)  # of block_1, not of MFCCs

    shutil.rmtree(first)
    again = train(tmp_path / "both", "--fit.iterations=2")  # nothing of it is needed any more
    assert not first.exists()
    np.testing.assert_array_equal(again.encoder.get_weights()[0], both.encoder.get_weights()[0])


def test_iterations_of_data_without_targets_are_refused(tmp_path):
    case = all_cases()["cpc"]
    with pytest.raises(ValueError, match="needs data with targets"):
        pretrain(case.recipe, tmp_path / "run", [*case.tiny, "--fit.iterations=2"], quiet=True)
    assert not (tmp_path / "run").exists()


def test_targets_that_are_no_run_or_of_another_rate_are_refused(tmp_path, sound_run):
    with pytest.raises(ValueError, match="nowhere"):
        train(tmp_path / "run", f"--data.targets={tmp_path / 'nowhere'}")
    rate = ("--data.sample_rate=16000", "--data.window=4000")
    with pytest.raises(ValueError, match="trained at 8000"):
        train(tmp_path / "run", f"--data.targets={sound_run.folder}", *rate)
    layer = "--data.target_layer=block_9"
    with pytest.raises(ValueError, match="block_9"):
        train(tmp_path / "run", f"--data.targets={sound_run.folder}", layer)
