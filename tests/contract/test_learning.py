import pytest

from mmssl.evaluation.probe import evaluate
from mmssl.training.run import pretrain


@pytest.mark.learning
def test_the_probes_beat_the_untrained_encoder_and_the_raw_input(case, tmp_path):
    run = pretrain(case.recipe, tmp_path / "run", case.learning, quiet=True)
    result = evaluate(run, layer=run.layer)
    gained = {
        (floor, probe): result["encoder"][probe] - result[floor][probe]
        for floor, probe in case.margins
    }
    assert all(gained[place] > margin for place, margin in case.margins.items()), gained
