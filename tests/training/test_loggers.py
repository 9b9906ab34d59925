"""MLflow and Weights & Biases: how they are called, and that a resumed run goes on in theirs."""

import contextlib
import importlib.machinery
import json
import sys
import types

import keras
import numpy as np
import pytest

from mmssl.runs import RunFolder
from mmssl.training.loggers import logger
from mmssl.training.pretraining import pretrain
from tests.contract.cases import all_cases

MISSING = "the optional extra is not installed"


@pytest.fixture
def folder(tmp_path):
    run = RunFolder(tmp_path / "run")
    run.path.mkdir()
    run.config.write_text("format: 1\nrecipe: audio/cpc\n")
    return run


class Recorder(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.rows = []

    def on_epoch_end(self, step, logs=None):
        self.rows.append((step, sorted(logs)))


def fake_mlflow(monkeypatch):
    """Puts a module in the place of MLflow that remembers what was begun, and its callback."""
    mlflow = types.ModuleType("mlflow")
    mlflow.__spec__ = importlib.machinery.ModuleSpec("mlflow", None)
    mlflow.begun, mlflow.recorder = [], Recorder()

    def start_run(run_id=None, run_name=None):
        if run_id not in (None, "1"):
            raise RuntimeError(f"no run {run_id}")
        mlflow.begun.append((run_id, run_name))
        begun = contextlib.nullcontext()
        begun.info = types.SimpleNamespace(run_id="1")
        return begun

    mlflow.start_run, mlflow.log_dict = start_run, lambda values, name: None
    mlflow.keras = types.ModuleType("mlflow.keras")
    mlflow.keras.MlflowCallback = lambda: mlflow.recorder
    monkeypatch.setitem(sys.modules, "mlflow", mlflow)
    monkeypatch.setitem(sys.modules, "mlflow.keras", mlflow.keras)
    return mlflow


def trained(tmp_path, *overrides, **kwargs):
    case = all_cases()["cpc"]
    fixed = ("--fit.steps=2", "--fit.monitor_examples=0")
    arguments = [*case.tiny, *fixed, *overrides]
    return pretrain(case.recipe, tmp_path / "run", arguments, quiet=True, **kwargs)


def test_a_logger_and_a_callback_of_ones_own_see_every_row(tmp_path, monkeypatch):
    mlflow, own = fake_mlflow(monkeypatch), Recorder()
    run = trained(tmp_path, "--fit.logger=mlflow", callbacks=[own])
    rows = run.files.history.read_text().splitlines()
    assert len(own.rows) == len(rows) - 1 > 0
    assert mlflow.recorder.rows == own.rows
    assert own.rows[-1][0] == 2
    assert {"loss", "learning_rate"} <= set(own.rows[-1][1])
    assert mlflow.begun == [(None, "run")]
    assert json.loads(run.files.logger.read_text()) == {"mlflow": "1"}


def test_a_resumed_run_goes_on_in_the_loggers_run(folder, monkeypatch):
    mlflow = fake_mlflow(monkeypatch)
    for _ in range(2):
        with logger("mlflow", folder) as callbacks:
            assert callbacks == [mlflow.recorder]
    assert mlflow.begun == [(None, "run"), ("1", "run")]


def test_a_run_that_the_logger_does_not_know_is_named(folder, monkeypatch):
    fake_mlflow(monkeypatch)
    folder.logger.write_text('{"mlflow": "gone"}')
    said = r"go on with the one in .*logger.json: no run gone; set MLFLOW_TRACKING_URI"
    with pytest.raises(ValueError, match=said), logger("mlflow", folder):
        pass


@pytest.mark.parametrize("name", ["mlflow", "wandb"])
def test_a_missing_package_is_named_before_there_is_a_run(name, tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ImportError, match=rf"{name} not found. .*pip install '\.\[{name}\]'"):
        trained(tmp_path, f"--fit.logger={name}")
    assert not (tmp_path / "run").exists()


def fitted(callbacks, step):
    """Calls callbacks as the loop does, with a small model."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    every = keras.callbacks.CallbackList(callbacks, model=model)
    every.on_train_begin()
    every.on_epoch_end(step, {"loss": np.float64(step) / 8})
    every.on_train_end()


def test_mlflow_has_one_run_with_the_rows_of_both_parts(folder, tmp_path, monkeypatch):
    mlflow = pytest.importorskip("mlflow", reason=MISSING)
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    mlflow.set_tracking_uri(uri)
    monkeypatch.chdir(tmp_path)
    for step in (2, 4):
        with logger("mlflow", folder) as callbacks:
            fitted(callbacks, step)
    client = mlflow.MlflowClient(uri)
    (run,) = client.search_runs(["0"])
    rows = client.get_metric_history(run.info.run_id, "loss")
    assert [(row.step, row.value) for row in rows] == [(2, 0.25), (4, 0.5)]
    assert run.info.status == "FINISHED"


def test_wandb_goes_on_under_the_same_id(folder, monkeypatch):
    pytest.importorskip("wandb", reason=MISSING)
    monkeypatch.setenv("WANDB_MODE", "offline")
    kept = []
    for step in (2, 4):
        with logger("wandb", folder, quiet=True) as callbacks:
            fitted(callbacks, step)
        kept.append(json.loads(folder.logger.read_text())["wandb"])
    assert kept[0] == kept[1]
    written = list(folder.logs.glob(f"wandb/offline-run-*-{kept[0]}/run-{kept[0]}.wandb"))
    assert written
