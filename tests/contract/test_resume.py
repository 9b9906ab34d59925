"""Runs that end without a word: of every kind of state one, the rest is in `test_methods`."""

import numpy as np
import pytest

from mmssl.runs import read_history
from mmssl.training import loop
from mmssl.training.pretraining import pretrain
from tests.contract.cases import all_cases
from tests.stopping import StoppedError, stop_after
from tests.tolerances import ROUNDING, assert_close

# A queue and a teacher; dropout, a vocabulary; two optimizers, and what was taken from the data.
KINDS = ("moco", "simcse", "inpainting")


@pytest.mark.parametrize("name", KINDS)
def test_a_resumed_run_equals_the_uninterrupted_one(name, tmp_path, monkeypatch):
    """Nor does anything but the seed decide on the weights of two runs."""
    case = all_cases()[name]
    fixed = ("--fit.steps=7", "--fit.checkpoint_seconds=0", "--fit.monitor_examples=8")

    def train(folder):
        return pretrain(case.recipe, tmp_path / folder, [*case.tiny, *fixed], quiet=True)

    whole = train("whole")
    with monkeypatch.context() as patch:
        patch.setattr(loop, "save_state", stop_after(3))
        with pytest.raises(StoppedError):
            train("parts")
    parts = train("parts")
    for one, two in zip(whole.encoder.get_weights(), parts.encoder.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
    losses = [
        [float(row["loss"]) for row in read_history(run.files.history)] for run in (whole, parts)
    ]
    assert_close(losses[1], losses[0], ROUNDING)
