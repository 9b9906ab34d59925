import pytest
from tensorflow.python.framework import config

from mmssl.runs.fit import Fit
from mmssl.training.determinism import OFF, ON, is_deterministic
from mmssl.training.loop import Training, pretrain
from tests.contract.cases import all_cases

WAVENET = ["--fit.steps=1", "--fit.monitor_examples=0", *all_cases()["wavenet"].tiny]


@pytest.mark.parametrize(("chosen", "told"), [("null", ON), ("true", ON), ("false", OFF)])
def test_determinism_is_a_switch_of_its_own_and_the_choice_is_printed(
    tmp_path, monkeypatch, capsys, chosen, told
):
    seen, before = [], config.is_op_determinism_enabled()

    def train(self, *_):
        seen.append((config.is_op_determinism_enabled(), self.method.jit_compile))

    monkeypatch.setattr(Training, "_train", train)
    overrides = [*WAVENET, f"--fit.deterministic={chosen}", "--fit.jit_compile=true"]
    pretrain("audio/wavenet", tmp_path / "run", overrides)
    assert seen == [(told == ON, True)]
    assert config.is_op_determinism_enabled() == before
    assert told in capsys.readouterr().err


def test_by_default_operations_are_deterministic_where_that_costs_nothing(monkeypatch):
    assert is_deterministic(Fit(steps=1))
    monkeypatch.setattr("tensorflow.config.list_logical_devices", lambda kind: [kind])
    assert not is_deterministic(Fit(steps=1))
    assert is_deterministic(Fit(steps=1, deterministic=True))
