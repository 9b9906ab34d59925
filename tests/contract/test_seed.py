import numpy as np

from mmssl.training.run import pretrain


def weights_of(case, folder, *overrides):
    run = pretrain(
        case.recipe,
        folder,
        [*case.tiny, "--fit.steps=3", "--fit.monitor_examples=0", *overrides],
        quiet=True,
    )
    return run.encoder.get_weights()


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(case, tmp_path):
    first = weights_of(case, tmp_path / "first")
    second = weights_of(case, tmp_path / "second")
    other = weights_of(case, tmp_path / "other", "--fit.seed=1")
    for one, two in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, two)
    assert any(np.abs(one - two).max() > 0 for one, two in zip(first, other, strict=True))
