"""Runs whose method does something before each epoch: when it does, and what of it is kept."""

import numpy as np
import pytest

from mmssl.runs.fit import Fit
from mmssl.runs.recipe import build, open_recipe
from mmssl.training import loop
from mmssl.training.checks import check_settings
from mmssl.training.pretraining import pretrain
from tests.contract.cases import all_cases
from tests.stopping import StoppedError, stop_after

STEPS = 6  # of two an epoch


def settings():
    case = all_cases()["deepcluster"]
    fixed = (f"--fit.steps={STEPS}", "--fit.checkpoint_seconds=0", "--fit.monitor_examples=0")
    return case.recipe, [*case.tiny, *fixed]


def test_a_run_that_stops_within_an_epoch_and_between_two_ends_as_if_it_had_not(
    tmp_path, monkeypatch
):
    def train(folder):
        recipe, overrides = settings()
        return pretrain(recipe, tmp_path / folder, overrides, quiet=True)

    whole = train("whole")
    for step in (3, 4):
        with monkeypatch.context() as patch:
            patch.setattr(loop, "save_state", stop_after(step))
            with pytest.raises(StoppedError):
                train("parts")
    one, two = whole.method(), train("parts").method()
    assert int(one.epochs) == STEPS // 2
    for variable, other in zip(one.weights, two.weights, strict=True):
        np.testing.assert_array_equal(variable, other, err_msg=variable.path)


def test_a_data_service_is_refused_since_it_does_not_know_the_order():
    config, data = open_recipe(*settings())
    fit = Fit(**{**config["fit"], "data_service": "grpc://localhost:1"})
    with pytest.raises(ValueError, match="DeepCluster sets the order of the data before each epo"):
        check_settings(build(config["method"]), data, fit)
