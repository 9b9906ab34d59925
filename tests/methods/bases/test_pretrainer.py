import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

from mmssl.methods.bases import EMATeacher, Pretrainer


class Smallest(Pretrainer):
    """Pulls the embeddings to zero."""

    metric_names = ("size",)

    def loss_terms(self, batch, outputs, training):
        return {"size": keras.ops.mean(keras.ops.square(outputs["embedding"]))}


def smallest():
    x = keras.Input((3,), name="x")
    y = keras.layers.Dense(2)(x)
    method = Smallest(keras.Model({"x": x}, {"features": y, "embedding": y}))
    method.compile("sgd")
    return method


def test_batches_are_fitted_without_a_warning_of_shuffling():
    batch = {"x": np.ones((4, 3), "float32")}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        smallest().fit(tf.data.Dataset.from_tensors(batch).repeat(), steps_per_epoch=2, verbose=0)


@pytest.mark.bfloat16
def test_under_mixed_bfloat16_student_and_teacher_read_their_inputs_in_float32():
    keras.config.set_dtype_policy("mixed_bfloat16")
    x = keras.Input((1,), name="x", dtype="float32")
    same = keras.layers.Activation("linear", dtype="float32")(x)
    encoder = keras.Model({"x": x}, {"features": same, "embedding": same})
    batch = {"x": np.full((1, 1), 1.001, "float32")}  # 1.0 in bfloat16
    for network in (Smallest(encoder), EMATeacher(encoder)):
        assert network(batch)["embedding"][0, 0] == np.float32(1.001)


def test_the_encoders_own_losses_are_part_of_the_loss():
    x = keras.Input((3,), name="x")
    y = keras.layers.Dense(
        2, kernel_initializer="ones", kernel_regularizer=keras.regularizers.L2(1)
    )(x)
    method = Smallest(keras.Model({"x": x}, {"features": y, "embedding": y}))
    batch = {"x": np.zeros((4, 3), "float32")}
    assert float(method.compute_loss(x=batch, y_pred=method(batch))) == 3 * 2


def test_a_loss_is_scaled_where_the_optimizer_divides_its_gradient_again():
    plain, scaled = smallest(), smallest()
    scaled.set_weights(plain.get_weights())
    plain.compile(keras.optimizers.SGD(0.5))
    scaled.compile(keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.5), 2.0**10))
    for method in (plain, scaled):
        method.train_on_batch({"x": np.ones((4, 3), "float32")})
    for one, two in zip(plain.get_weights(), scaled.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
