"""Trains a table on one and on two virtual devices by the optimizers of runs; prints weights."""

import json
import os

os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
import tensorflow as tf

from mmssl.distribution import make_strategy
from mmssl.methods.bases import Pretrainer
from mmssl.optimizers.build import build_optimizer
from mmssl.optimizers.schedules import weight_decay_schedule
from mmssl.runs.recipe import Fit

STEPS, TOKENS = 4, np.array([[0, 0, 1], [2, 3, 2], [0, 1, 1], [4, 4, 4]])
# Norms that the table's gradient is above, and would not be per replica or per row.
SETTINGS = {
    "adamw": {"weight_decay": 0.1, "final_weight_decay": 1.0, "epsilon": 1e-2},
    "sgd": {"optimizer": "sgd", "weight_decay": 0.1},
    "lars": {"optimizer": "lars", "weight_decay": 0.1},
    "unclipped": {"optimizer": "sgd", "clip_norm": None, "clip_per_variable": False},
}


class Spreading(Pretrainer):
    """Moves the mean of each text away from zero."""

    metric_names = ("distance",)

    def __init__(self, dense):
        x = ids = keras.Input((5,) if dense else (3,), name="x", dtype="float32")
        if dense:  # how often each token occurs
            x = keras.layers.Dense(2, use_bias=False, name="table")(x) / 3
        else:
            x = keras.ops.mean(keras.layers.Embedding(5, 2, name="table")(x), axis=1)
        x = keras.layers.Dense(2, name="last")(x)
        super().__init__(keras.Model({"x": ids}, {"features": x, "embedding": x}))
        draw = np.random.default_rng(0)
        self.set_weights([draw.normal(size=w.shape) for w in self.get_weights()])

    def loss_terms(self, batch, outputs, training):
        squares = keras.ops.sum(keras.ops.square(outputs["embedding"] - 3.0), axis=-1)
        return {"distance": keras.ops.mean(squares)}


def train(settings, strategy, dense=False):
    fit = Fit(**{"steps": STEPS, "clip_norm": 0.5, "clip_per_variable": True, **settings})
    x = np.eye(5)[TOKENS].sum(axis=1) if dense else TOKENS
    data = tf.data.Dataset.from_tensor_slices({"x": x.astype("float32")}).batch(4).repeat()
    with strategy.scope():
        method = Spreading(dense)
        variables = method.trainable_variables
        method.compile(build_optimizer(fit, variables, 0.1, weight_decay_schedule(fit, STEPS)))
        method.make_train_function()
    batches = iter(strategy.experimental_distribute_dataset(data))
    for _ in range(STEPS):
        method.train_function([next(batches)])
    return np.concatenate([w.ravel() for w in method.get_weights()]).astype(float).tolist()


if __name__ == "__main__":
    devices = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], devices)
    one, two = make_strategy("auto"), make_strategy("mirrored")
    assert two.num_replicas_in_sync == 2
    weights = {
        name: {
            "one": train(settings, one),
            "two": train(settings, two),
            "dense": train(settings, one, dense=True),
        }
        for name, settings in SETTINGS.items()
    }
    print(json.dumps(weights))
