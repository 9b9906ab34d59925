"""The smallest batch that a method learns from."""

import pytest

from mmssl.training.pretraining import pretrain
from tests.contract.cases import all_cases


@pytest.mark.parametrize("name", ["simclr", "barlow_twins", "vicreg", "byol", "swav"])
def test_a_batch_of_one_is_refused_where_examples_are_compared(name, tmp_path):
    case = all_cases()[name]
    overrides = [*case.tiny, "--data.batch_size=1", "--fit.steps=1", "--fit.warmup_steps=0"]
    with pytest.raises(
        ValueError, match=r"a batch of 1 leaves nothing to compare: give a batch_size of 2"
    ):
        pretrain(case.recipe, tmp_path / "run", overrides, quiet=True)
    assert not (tmp_path / "run").exists()
