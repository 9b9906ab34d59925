"""A run that has not ended, used all the same."""

import shutil

import keras
import numpy as np
import pytest

from mmssl.cli import main
from mmssl.evaluation.probes.results import keep_result, read_results
from mmssl.runs import Run
from tests.runs.frozen import FOLDER, STEPS, STOPPED


@pytest.fixture
def run(tmp_path):
    shutil.copytree(FOLDER, tmp_path / "run")
    return Run.load(tmp_path / "run")


def test_its_encoder_is_that_of_the_last_checkpoint_and_says_so(run, caplog):
    expected, first = run.method().encoder.get_weights(), run.untrained.get_weights()
    for one, other in zip(run.encoder.get_weights(), expected, strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(run.encoder.get_weights()[0], first[0])
    assert run.step == STOPPED
    assert f"has not ended: its encoder is that of step {STOPPED} of {STEPS}" in caplog.text


def test_files_can_be_embedded_with_it(run, tmp_path, caplog):
    keras.utils.save_img(tmp_path / "one.png", np.full((20, 20, 3), 90), scale=False)
    out = tmp_path / "vectors.npz"
    assert main(["embed", str(run.folder), str(tmp_path / "one.png"), "--out", str(out)]) == 0
    assert np.load(out)["vectors"].shape == (1, 8)
    assert f"step {STOPPED}" in caplog.text


def test_a_result_of_it_stands_beside_that_of_the_end(tmp_path):
    at_step, at_end = ({"data": {}, "layer": None, "step": step} for step in (3, None))
    for result in (at_step, at_end, at_step):
        keep_result(tmp_path / "metrics.json", result)
    assert read_results(tmp_path / "metrics.json") == [at_end, at_step]


def test_one_without_a_checkpoint_has_no_encoder(run):
    run.files.checkpoint.unlink()
    assert run.step is None
    with pytest.raises(ValueError, match=r"has no encoder\.keras: the same `mmssl pretrain`"):
        run.encoder  # noqa: B018
