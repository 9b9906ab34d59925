"""What all methods of two views have in common."""

import pytest

from mmssl.methods.barlow_twins import BarlowTwins
from mmssl.methods.byol import BYOL
from mmssl.methods.moco import MoCo
from mmssl.methods.moco_v3 import MoCoV3
from mmssl.methods.simclr import SimCLR
from mmssl.methods.simsiam import SimSiam
from mmssl.methods.vicreg import VICReg
from tests.tolerances import SUM, assert_close

METHODS = {
    "simclr": lambda encoder: SimCLR(encoder, (8, 4)),
    "moco": lambda encoder: MoCo(encoder, (8, 4), queue_size=16),
    "moco_v3": lambda encoder: MoCoV3(encoder, (8, 4), (8, 4)),
    "byol": lambda encoder: BYOL(encoder, (8, 4), (8, 4)),
    "simsiam": lambda encoder: SimSiam(encoder, (8, 4), (8, 4)),
    "barlow_twins": lambda encoder: BarlowTwins(encoder, (8, 4)),
    "vicreg": lambda encoder: VICReg(encoder, (8, 4)),
}


def loss_of(method, batch, training=False):
    outputs = method(batch, training=training)
    return float(method.compute_loss(x=batch, y_pred=outputs, training=training))


def swapped(pairs):
    return {"vectors_1": pairs["vectors_2"], "vectors_2": pairs["vectors_1"]}


@pytest.mark.parametrize("name", [name for name in METHODS if name != "moco"])
def test_views_are_interchangeable(name, encoder, pairs):
    method = METHODS[name](encoder)
    assert_close(loss_of(method, pairs), loss_of(method, swapped(pairs)), SUM)


@pytest.mark.parametrize("name", METHODS)
def test_projections_are_offered_to_who_watches_for_collapse(name, encoder, pairs):
    method = METHODS[name](encoder)
    compared = method.projection_model()
    assert set(compared.input) == set(encoder.input)
    assert compared({"vectors": pairs["vectors_1"]})["embedding"].shape == (8, 4)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda e: SimCLR(e, (8, 4), temperature=0), "temperature must be above 0; got 0"),
        (lambda e: BYOL(e, (8, 4), (8, 5)), r"predictor \(8, 5\) must end .* projector \(8, 4\)"),
        (lambda e: SimSiam(e, (8, 4), ()), r"predictor \(\) must end in the same width"),
        (
            lambda e: BarlowTwins(e, (8, 4), -1),
            "off_diagonal_weight=...\\) must be 0 or more; got -1",
        ),
        (lambda e: BarlowTwins(e, (8, 4), bias_lr_ratio=0), "bias_lr_ratio must be above 0; got 0"),
        (lambda e: VICReg(e, (8, 4), loss_weights={"a": 1}), "loss_weights names a"),
        (lambda e: MoCoV3(e, (8, 4), (8, 4), freeze_tokens=True), "a layer named tokens"),
    ],
)
def test_arguments_out_of_range_are_refused(build, message, encoder):
    with pytest.raises(ValueError, match=message):
        build(encoder)
