"""What BYOL and MoCo v3 share: a student that predicts its teacher's projections."""

import numpy as np
import pytest

from mmssl.methods import BYOL
from tests.methods.predicting import loss_for, tiny


def test_each_view_predicts_the_others_projection(encoder, pairs, monkeypatch):
    method = tiny(BYOL, encoder)
    one, other = np.eye(4, dtype="float32")[[0, 1]][:, None].repeat(8, axis=1)
    assert loss_for(method, pairs, monkeypatch, [one, other], [other, one]) == pytest.approx(0)
    assert loss_for(method, pairs, monkeypatch, [one, other], [one, other]) == pytest.approx(4)


def test_the_momentum_rises_to_one_over_the_steps_of_the_run(encoder):
    method = tiny(BYOL, encoder, momentum=0.996, final_momentum=1.0)
    assert float(method.teacher.current_momentum()) == pytest.approx(0.996)
    method.plan(100)
    found = []
    for updates in (1, 51, 101):  # the first finds two equal networks, and does not count
        method.teacher.updates.assign(updates)
        found.append(float(method.teacher.current_momentum()))
    assert found == pytest.approx([0.996, 0.998, 1.0])


def test_the_teacher_normalises_by_its_batch_while_training(encoder, pairs):
    method = tiny(BYOL, encoder)
    half = {name: x[:4] for name, x in pairs.items()}
    for training, depends in ((True, True), (False, False)):
        whole = method.targets(pairs, training)[0][:4]
        assert (np.abs(whole - method.targets(half, training)[0]).max() > 1e-3) == depends
