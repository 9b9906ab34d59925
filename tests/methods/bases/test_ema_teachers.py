"""The teachers of BYOL, MoCo and MoCo v3, moving averages of their students."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from mmssl.methods.byol import BYOL
from mmssl.methods.moco import MoCo
from mmssl.methods.moco_v3 import MoCoV3
from tests.tolerances import NETWORK, SUM, assert_close, multiples

METHODS = {
    "byol": lambda encoder: BYOL(encoder, (8, 4), (8, 4), momentum=0.9, final_momentum=None),
    "moco": lambda encoder: MoCo(encoder, (8, 4), queue_size=16, momentum=0.9),
    "moco_v3": lambda encoder: MoCoV3(encoder, (8, 4), (8, 4), momentum=0.9, final_momentum=None),
}


@pytest.fixture(params=METHODS)
def method(request, encoder):
    made = METHODS[request.param](encoder)
    made.compile(keras.optimizers.SGD(0.5))
    return made


def test_the_teacher_begins_as_the_student_and_follows_by_the_formula(method, encoder, pairs):
    kernel = encoder.layers[1].kernel
    copy = next(v for v in method.teacher.model.weights if v.shape == kernel.shape)
    np.testing.assert_array_equal(copy.numpy(), kernel.numpy())
    expected, weights = kernel.numpy(), []
    for _ in range(3):
        weights.append(kernel.numpy())
        method.train_on_batch(pairs)
    for weight in weights[1:]:
        expected = 0.9 * expected + 0.1 * weight
    assert_close(copy.numpy(), expected, SUM)
    assert multiples(weights[2], weights[0]) > NETWORK


def test_the_teacher_gets_no_gradient_and_has_no_predictor(method, pairs):
    weights = method.teacher.model.weights
    assert len(weights) == len(method.student.weights)
    trained = {id(v) for v in method.trainable_variables}
    assert not any(id(v) in trained for v in weights)
    with tf.GradientTape() as tape:
        for variable in weights:
            tape.watch(variable.value)
        loss = method.compute_loss(x=pairs, y_pred=method(pairs), training=False)
    assert all(g is None for g in tape.gradient(loss, [v.value for v in weights]))
