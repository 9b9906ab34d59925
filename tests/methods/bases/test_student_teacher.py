"""What BYOL and MoCo v3 share: a student that predicts its teacher's projections."""

import numpy as np

from mmssl.methods.byol import BYOL
from tests.methods.predicting import loss_for, tiny
from tests.tolerances import NETWORK, ROUNDING, SUM, assert_close, multiples


def test_each_view_predicts_the_others_projection(encoder, pairs, monkeypatch):
    method = tiny(BYOL, encoder)
    one, other = np.eye(4, dtype="float32")[[0, 1]][:, None].repeat(8, axis=1)
    crossed = loss_for(method, pairs, monkeypatch, [one, other], [other, one])
    assert_close(crossed, 0, SUM, scale=4)
    assert_close(loss_for(method, pairs, monkeypatch, [one, other], [one, other]), 4, SUM)


def test_the_momentum_rises_to_one_over_the_steps_of_the_run(encoder):
    method = tiny(BYOL, encoder, momentum=0.996, final_momentum=1.0)
    assert_close(method.teacher.current_momentum(), 0.996, ROUNDING)
    method.set_total_steps(100)
    found = []
    for updates in (1, 51, 101):  # the first finds two equal networks, and does not count
        method.teacher.updates.assign(updates)
        found.append(float(method.teacher.current_momentum()))
    assert_close(found, [0.996, 0.998, 1.0], ROUNDING)


def test_the_teacher_normalizes_by_its_batch_while_training(encoder, pairs):
    method = tiny(BYOL, encoder)
    half = {name: x[:4] for name, x in pairs.items()}
    for training, depends in ((True, True), (False, False)):
        whole = method.targets(pairs, training)[0][:4]
        alone = method.targets(half, training)[0]
        assert (multiples(alone, whole) > NETWORK) == depends
