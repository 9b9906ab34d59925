"""The example of docs/add_a_method.md, used as a user's own file from outside the package."""

import importlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mmssl import distribution
from mmssl.cli import main
from mmssl.runs import Run, read_history, read_recipe
from tests.tolerances import SUM, assert_close

EXAMPLES = Path(__file__).parents[1] / "docs" / "examples"
TINY = ["--fit.steps=4", "--data.batch_size=16", "--data.limit=64", "--fit.monitor_examples=0"]


def dcl_in_numpy(first, second, temperature, sigma=None):
    """Equations 5 and 6 of arXiv 2110.06848, view by view."""
    first, second = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (first, second))
    positives = [a @ b for a, b in zip(first, second, strict=True)]
    density = np.exp(np.array(positives) / sigma) if sigma else np.ones(len(positives))
    losses = []
    for i, positive in enumerate(positives):
        for view in (first[i], second[i]):
            others = [other[k] for other in (first, second) for k in range(len(first)) if k != i]
            scores = np.array([view @ other for other in others]) / temperature
            weight = 2 - density[i] / density.mean()
            losses.append(np.log(np.exp(scores).sum()) - weight * positive / temperature)
    return np.mean(losses)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A user's folder: the method and its recipe, and nothing of mmssl."""
    folder = tmp_path_factory.mktemp("user")
    for file in EXAMPLES.glob("dcl.*"):
        shutil.copy(file, folder)
    return folder


@pytest.fixture
def dcl(folder, monkeypatch):
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delitem(sys.modules, "dcl", raising=False)
    return importlib.import_module("dcl")


@pytest.fixture(scope="module")
def run_folder(folder, tmp_path_factory):
    """Pretrained from another folder, so that the module is found by PYTHONPATH alone."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    command = [sys.executable, "-m", "mmssl.cli", "pretrain", str(folder / "dcl.yaml"), *TINY]
    command += ["--trust", "dcl"]
    subprocess.run(
        [*command, "--out", "run"],
        cwd=elsewhere,
        env={**os.environ, "PYTHONPATH": str(folder)},
        check=True,
    )
    return elsewhere / "run"


def rows(count, seed=0):
    return np.random.default_rng(seed).normal(size=(2, count, 5)).astype("float32")


def unit(x):
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


@pytest.mark.parametrize("sigma", [None, 0.5])
def test_the_loss_is_that_of_the_paper(dcl, sigma):
    first, second = rows(6)
    loss = dcl.dcl_loss(unit(first), unit(second), 0.2, sigma)
    assert_close(loss, dcl_in_numpy(first, second, 0.2, sigma), SUM)


def test_two_halves_of_a_batch_give_the_loss_of_the_whole(dcl, monkeypatch):
    first, second = unit(rows(6))
    halves = [(first[:3], second[:3]), (first[3:], second[3:])]
    kept = {"gather": [], "mean": []}
    for name, seen in kept.items():
        monkeypatch.setattr(distribution, name, lambda x, seen=seen: seen.append(x) or x)
    for half in halves:
        dcl.dcl_loss(*half, 0.2, 0.5)
    monkeypatch.setattr(distribution, "gather", lambda x: np.concatenate(kept["gather"]))
    monkeypatch.setattr(distribution, "mean", lambda x: np.mean(kept["mean"], axis=0))
    losses = []
    for replica, half in enumerate(halves):
        monkeypatch.setattr(distribution, "first_row", lambda n, replica=replica: replica * n)
        losses.append(dcl.dcl_loss(*half, 0.2, 0.5))
    assert_close(np.mean(losses), dcl_in_numpy(first, second, 0.2, 0.5), SUM)


def test_a_recipe_trains_a_method_of_the_users_own(run_folder, dcl):
    run = Run.load(run_folder, trust=["dcl"])
    method = run.method()
    run.data.prepare(run_folder)
    batch = next(iter(run.data.batches(seed=0)))
    outputs = method(batch)
    loss = method.loss_terms(batch, outputs, training=False)["dcl"]
    first, second = (np.asarray(x) for x in outputs)
    assert isinstance(method, dcl.DCL)
    assert_close(loss, dcl_in_numpy(first, second, 0.2, 0.5), SUM)
    history = read_history(run.files.history)
    assert len(history) == 4
    assert np.isfinite([float(row["dcl"]) for row in history]).all()
    assert -1 <= float(history[-1]["positive_cosine"]) <= 1


def test_its_encoder_is_exported_without_the_users_module(run_folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "dcl", None)
    assert main(["export", str(run_folder), "--format", "litert"]) == 0
    assert (run_folder / "encoder.tflite").exists()


def test_a_class_that_is_no_method_is_refused_and_not_called(tmp_path, monkeypatch):
    called = tmp_path / "called"
    (tmp_path / "stranger.py").write_text(
        "class Stranger:\n    def __init__(self, encoder, projector, temperature, sigma):\n"
        f"        open({str(called)!r}, 'w')\n"
    )
    text = (EXAMPLES / "dcl.yaml").read_text()
    (tmp_path / "stranger.yaml").write_text(text.replace("dcl.DCL", "stranger.Stranger"))
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ValueError, match="Pretrainer"):
        read_recipe(tmp_path / "stranger.yaml", trust=["stranger"])
    assert not called.exists()
