"""The first step that is not finite is noticed, wherever in the batch that begins."""

import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from mmssl.methods.bases import Pretrainer
from tests.methods.bases import test_adversarial

ROOT = Path(__file__).parents[3]


class Mean(Pretrainer):
    """Lowers the mean of a layer's output."""

    metric_names = ("mean",)
    splits_batches = True

    def loss_terms(self, batch, outputs, training):
        return {"mean": ops.mean(outputs["embedding"])}


def mean():
    x = keras.Input((3,), name="x")
    y = keras.layers.Dense(2)(x)
    return Mean(keras.Model({"x": x}, {"features": y, "embedding": y}))


def batches():
    """Four batches, of which the last row of the third is NaN."""
    x = np.random.default_rng(0).random((4, 4, 3)).astype("float32")
    x[2, -1, 0] = np.nan
    return tf.data.Dataset.from_tensor_slices({"x": x})


@pytest.mark.parametrize("accumulate", [1, 2])
def test_in_the_last_part_of_a_batch(accumulate):
    method = mean()
    method.compile("sgd", accumulate=accumulate)
    method.make_train_function()
    found = []
    for batch in batches():
        method.take_step(batch)
        found.append(method.finite.first())
    assert found == [None, None, 2, 2]


def test_on_the_last_replica():
    # In a process of its own: replicas of one that has computed on one device before may deadlock.
    command = [sys.executable, "-m", "tests.methods.bases.finite_on_replicas"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.split() == ["2"]


def test_of_one_of_two_players():
    method = test_adversarial.compiled()
    sound = test_adversarial.batch_of()
    method.take_step(sound)
    assert method.finite.first() is None
    method.take_step({"images": tf.where(sound["images"] > 0.5, np.nan, sound["images"])})
    assert method.finite.first() == 1
