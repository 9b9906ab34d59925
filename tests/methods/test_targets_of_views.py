"""Whose target is whose, where one view predicts the other, and how new the teacher is."""

import numpy as np
import pytest

from mmssl.methods.byol import BYOL
from mmssl.methods.moco_v3 import MoCoV3
from mmssl.methods.simsiam import SimSiam

STUDENTS = {"byol": BYOL, "moco_v3": MoCoV3}


def directions():
    """Two sets of rows, no row of which is like another."""
    return np.split(np.eye(16, dtype="float32"), 2)


def loss_of(method, predictions, targets, monkeypatch):
    outputs = predictions
    if isinstance(method, SimSiam):
        outputs = {"predictions": predictions, "projections": targets}
    else:
        monkeypatch.setattr(method, "targets", lambda batch, training: targets)
    (loss,) = method.loss_terms({}, outputs, training=True).values()
    return float(loss)


@pytest.mark.parametrize("name", [*STUDENTS, "simsiam"])
def test_a_view_that_predicts_the_other_costs_less_than_one_that_predicts_itself(
    name, encoder, monkeypatch
):
    method = {**STUDENTS, "simsiam": SimSiam}[name](encoder, (8, 16), (8, 16))
    first, second = directions()
    crossed = loss_of(method, [first, second], [second, first], monkeypatch)
    straight = loss_of(method, [first, second], [first, second], monkeypatch)
    assert crossed < straight - 0.5


@pytest.mark.parametrize("name", STUDENTS)
def test_a_teacher_answers_after_it_followed_its_student(name, encoder, pairs):
    method = STUDENTS[name](encoder, (8, 4), (8, 4), momentum=0.0, final_momentum=None)
    for step in range(2):
        method.student.set_weights([w + 0.1 * step for w in method.student.get_weights()])
        followed = method.targets(pairs, training=True)
        again = method.teacher({"vectors": pairs["vectors_1"]}, training=True)["projection"]
        np.testing.assert_array_equal(followed[0], again)
