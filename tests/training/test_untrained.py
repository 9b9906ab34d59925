"""What a run calls untrained is what its encoder was before the first step."""

import numpy as np

from mmssl.training.pretraining import pretrain

TINY = [
    "--data.source=builtin:shapes",
    "--data.size=8",
    "--data.batch_size=4",
    "--method.encoder.width=8",
    "--method.encoder.depth=2",
    "--method.encoder.num_heads=2",
    "--fit.steps=1",
    "--fit.monitor_examples=0",
]


def test_an_untrained_encoder_has_learned_from_the_data_what_precedes_the_first_step(tmp_path):
    run = pretrain("vision/image_gpt", tmp_path / "run", TINY, quiet=True)
    before, after = (model.get_layer("codes").table for model in (run.untrained, run.encoder))
    np.testing.assert_array_equal(before, after)
