"""SimCLR: two views of an example among those of all others."""

import numpy as np

from mmssl.losses.nt_xent import nt_xent
from mmssl.methods.simclr import SimCLR
from tests.contract.building import loss_of
from tests.contract.cases import Case
from tests.contract.learning import ON_NOISES, on_clothes
from tests.contract.sizes import TINY_VIEWS
from tests.tolerances import SUM, assert_close

CASE = Case(
    "vision/simclr",
    (*TINY_VIEWS, "--method.projector=[16,8]"),
    initial_loss=(np.log(2 * 8 - 1), 0.1),
    theory=("--method.temperature=10",),
    **on_clothes(0.01),
)
CASES = {
    "audio": Case(
        "audio/simclr",
        (
            "--data.batch_size=8",
            "--data.window=8192",
            "--method.encoder.num_mel_bins=16",
            "--method.encoder.hop=128",
            "--method.encoder.channels=[4,8]",
            "--method.projector=[16,8]",
            # At 0.2, and half the window, rounding alone moves the third loss by 2e-5.
            "--method.temperature=0.5",
        ),
        initial_loss=(np.log(2 * 8 - 1), 0.1),
        theory=("--method.temperature=10",),
        **ON_NOISES,
    ),
}


def test_simclr_normalizes_both_views_together(encoder, pairs):
    method = SimCLR(encoder, (8, 4))
    first, second = method(pairs, training=True)
    both = np.concatenate([pairs["vectors_1"], pairs["vectors_2"]])
    expected = method.student({"vectors": both}, training=True)["projection"]
    assert_close(np.concatenate([first, second]), expected, SUM)


def test_the_loss_is_the_papers_mean(encoder, pairs):
    method = SimCLR(encoder, (8, 4), temperature=0.5)
    expected = nt_xent(*method(pairs), 0.5)
    assert_close(loss_of(method, pairs, training=False), expected, SUM)
