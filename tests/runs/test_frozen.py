"""A run folder written by the first version with a format opens, goes on and is exported."""

import shutil

import numpy as np
import pytest

from mmssl.deploy import example_inputs, export_run, load_exported
from mmssl.runs import Run, read_history
from mmssl.training.loop import pretrain
from tests.runs.frozen import FOLDER, OVERRIDES, RECIPE, STEPS, STOPPED
from tests.tolerances import NETWORK, assert_close

MOST_BYTES = 200_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return shutil.copytree(FOLDER, tmp_path_factory.mktemp("frozen") / "run")


@pytest.fixture(scope="module")
def finished(folder):
    """The same command, called again in the folder."""
    return pretrain(RECIPE, folder, OVERRIDES, quiet=True)


def test_it_is_small():
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) <= MOST_BYTES


def test_it_opens(folder):
    run = Run.load(folder)
    assert run.recipe == RECIPE
    assert run.untrained.output["embedding"].shape == (None, 8)


def test_it_goes_on_from_its_checkpoint(folder, finished):
    steps = [int(row["step"]) for row in read_history(finished.files.history)]
    assert steps == sorted(set(steps))
    assert steps[-1] == STEPS
    kept = [row for row in read_history(FOLDER / "history.csv") if int(row["step"]) <= STOPPED]
    assert read_history(finished.files.history)[: len(kept)] == kept
    weights = zip(finished.encoder.get_weights(), finished.untrained.get_weights(), strict=True)
    assert any(np.abs(one - two).max() > 0 for one, two in weights)


@pytest.mark.parametrize("form", ["saved_model", "litert"])
def test_it_is_exported(form, finished, tmp_path):
    if form == "litert":
        pytest.importorskip("ai_edge_litert", reason="the extra litert is not installed")
    out = tmp_path / {"saved_model": "encoder", "litert": "encoder.tflite"}[form]
    exported = load_exported(export_run(finished, form, out).path)
    inputs = example_inputs(finished.encoder)
    expected = finished.encoder(inputs)["embedding"]
    assert_close(exported(inputs)["embedding"], expected, NETWORK)
