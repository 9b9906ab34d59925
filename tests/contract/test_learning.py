import pytest

from mmssl.evaluation import LabeledData, evaluate
from mmssl.training.pretraining import pretrain
from tests.contract.cases import all_cases

LEARNING = {name: case for name, case in all_cases().items() if case.source}


@pytest.mark.learning
@pytest.mark.parametrize("case", LEARNING.values(), ids=LEARNING)
def test_the_probes_beat_the_untrained_encoder_and_the_raw_input(case, real_data, tmp_path):
    """Trains the recipe's whole budget, minutes on two cores."""
    overrides = [f"--data.source={real_data / case.source}", *case.given]
    run = pretrain(case.recipe, tmp_path / "run", overrides, quiet=True)
    probe = {name: value.format(data=real_data) for name, value in case.probe.items()}
    result = evaluate(run, LabeledData(**probe), layer=run.layer)
    gained = {
        (floor, probe): result["encoder"][probe] - result[floor][probe]
        for floor, probe in case.margins
    }
    assert all(gained[place] > margin for place, margin in case.margins.items()), gained
