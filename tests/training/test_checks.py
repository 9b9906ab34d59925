"""What a run says before its first step."""

import numpy as np
import pytest

from mmssl.encoders import small_conv_encoder
from mmssl.methods import MoCo, SwAV
from mmssl.pipelines.images import ImageViews
from mmssl.training.checks import doubts
from mmssl.training.pretraining import pretrain
from tests.contract.cases import all_cases


def prepared(count, batch_size=4):
    pixels = np.random.default_rng(0).integers(0, 255, (count, 8, 8, 3)).astype(np.uint8)
    return ImageViews(pixels, size=8, batch_size=batch_size).prepare()


def moco(queue_size):
    return MoCo(small_conv_encoder(8, (4,), (2,)), (4, 4), queue_size=queue_size)


def swav(**kwargs):
    return SwAV(small_conv_encoder(8, (4,), (2,)), (4, 4), **kwargs)


def test_a_run_of_few_items_says_so_and_what_would_help(tmp_path, capsys):
    case = all_cases()["simclr"]
    pixels = tmp_path / "forty.npz"
    np.savez(pixels, x=np.random.default_rng(0).integers(0, 255, (40, 8, 8, 3)).astype(np.uint8))
    overrides = [*case.tiny, f"--data.source={pixels}", "--fit.steps=1", "--fit.warmup_steps=0"]
    pretrain(case.recipe, tmp_path / "run", [*overrides, "--fit.monitor_examples=0"])
    told = " ".join(capsys.readouterr().err.split())
    assert told.index("An epoch has 40 elements, fewer than 100") < told.index("step 1/1")
    assert "More unlabeled data" in told


def test_enough_data_raise_no_doubt():
    assert doubts(moco(queue_size=50), prepared(100)) == []


@pytest.mark.parametrize(
    ("method", "message"),
    [
        (lambda: moco(100), "queue of 100 keys is as long as the data, 100 elements"),
        (lambda: swav(num_prototypes=101), "more prototypes, 101, than data, 100"),
        (lambda: swav(num_prototypes=4, queue_size=200), "queue of 200 projections"),
    ],
)
def test_what_a_method_keeps_is_compared_with_the_data(method, message):
    [told] = doubts(method(), prepared(100))
    assert message in told


def test_a_batch_larger_than_the_data_is_refused():
    with pytest.raises(ValueError, match="batch_size=8 is larger than an epoch, 3 elements"):
        prepared(3, batch_size=8)
