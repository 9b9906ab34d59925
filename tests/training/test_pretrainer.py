import warnings

import keras
import numpy as np
import tensorflow as tf

from mmssl.training.pretrainer import Pretrainer


class Smallest(Pretrainer):
    """Pulls the embeddings to zero."""

    reports = ("size",)

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
