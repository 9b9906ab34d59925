"""The fewest examples of a batch that a method learns from."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from mmssl.encoders import small_conv_encoder
from mmssl.methods import BYOL, VICReg
from mmssl.methods.bases import Pretrainer
from mmssl.methods.bases.batch_size import check_batch_size


def pictures(count):
    views = np.random.default_rng(0).random((2, count, 8, 8, 3), np.float32)
    return {"images_1": views[0], "images_2": views[1]}


@pytest.fixture
def method():
    made = VICReg(small_conv_encoder(8, (4,), (2,)), projector=(4, 4))
    made.compile("sgd")
    return made


def normalized(rank, synchronized=True):
    x = keras.Input((3,) if rank == 2 else (3, 3, 3), name="x")
    y = keras.layers.BatchNormalization(synchronized=synchronized, name="norm")(x)
    vector = y if rank == 2 else keras.layers.GlobalAveragePooling2D()(y)
    return Pretrainer(keras.Model({"x": x}, {"features": y, "embedding": vector}))


def test_fit_refuses_a_batch_of_one_before_a_weight_moves(method):
    before = method.get_weights()
    with pytest.raises(ValueError, match=r"VICReg compares .* batch of 1 leaves nothing"):
        method.fit(tf.data.Dataset.from_tensor_slices(pictures(3)).batch(1, True), verbose=0)
    for one, other in zip(method.get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, other)


def test_fit_refuses_the_last_batch_of_an_epoch_where_it_has_one_example(method):
    with pytest.raises(Exception, match="drop the remainder"):
        method.fit(tf.data.Dataset.from_tensor_slices(pictures(3)).batch(2), verbose=0)


def test_a_batch_of_one_can_be_validated(method):
    data = pictures(1)
    method.compute_loss(x=data, y_pred=method(data), training=False)


@pytest.mark.parametrize(
    ("synchronized", "size", "message"),
    [(True, 2, None), (True, 1, "give a batch_size of 2"), (False, 2, "2 replicas: .* of 4")],
)
def test_vectors_are_not_normalized_over_one_of_them(synchronized, size, message):
    method = normalized(2, synchronized)
    if message is None:
        return check_batch_size(method, size, replicas=2)
    with pytest.raises(ValueError, match=rf"normalizes vectors over the batch, in norm.*{message}"):
        check_batch_size(method, size, replicas=2 if size > 1 else 1)


def test_maps_may_be_normalized_over_the_positions_of_one_example():
    check_batch_size(normalized(4), 1)


def test_the_examples_of_all_replicas_are_compared():
    check_batch_size(BYOL(small_conv_encoder(8, (4,), (2,)), (4, 4), (4, 4)), 2, replicas=2)
