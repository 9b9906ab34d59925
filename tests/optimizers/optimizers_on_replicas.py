"""Trains a table on one and on two virtual devices by the optimizers of runs.

Prints the weights, and how many collectives a step on two has.
"""

import json
import os

os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
import tensorflow as tf

from mmssl.methods.bases import Pretrainer
from mmssl.optimizers import paired
from mmssl.optimizers.build import build_optimizer
from mmssl.optimizers.schedules import weight_decay_schedule
from mmssl.runs.fit import Fit
from mmssl.strategy import make_strategy

STEPS, TOKENS = 4, np.array([[0, 0, 1], [2, 3, 2], [0, 1, 1], [4, 4, 4]])
# Norms that the table's gradient is above, and would not be per replica or per row.
SETTINGS = {
    "adamw": {"weight_decay": 0.1, "final_weight_decay": 1.0, "epsilon": 1e-2},
    "sgd": {"optimizer": "sgd", "weight_decay": 0.1},
    "lars": {"optimizer": "lars", "weight_decay": 0.1},
    "unclipped": {"optimizer": "sgd", "clip_norm": None, "clip_per_variable": False},
    "global": {"optimizer": "sgd", "clip_per_variable": False},
    "paired": {"clip_per_variable": False, "epsilon": 1e-2},
}


class Spreading(Pretrainer):
    """Moves the mean of each text away from zero."""

    metric_names = ("distance",)
    splits_batches = True

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


def compiled(name, strategy, dense=False, accumulate=1):
    fit = Fit(**{"steps": STEPS, "clip_norm": 0.5, "clip_per_variable": True, **SETTINGS[name]})

    def make(variables, rate=1.0):
        return build_optimizer(fit, variables, 0.1 * rate, weight_decay_schedule(fit, STEPS))

    with strategy.scope():
        method = Spreading(dense)
        variables = method.trainable_variables
        if name == "paired":
            optimizer = paired(make, variables, variables[1:], rate=0.5)
        else:
            optimizer = make(variables)
        method.compile(optimizer, accumulate)
    x = np.eye(5)[TOKENS].sum(axis=1) if dense else TOKENS
    data = tf.data.Dataset.from_tensor_slices({"x": x.astype("float32")}).batch(4).repeat()
    return method, iter(strategy.experimental_distribute_dataset(data))


def train(name, strategy, dense=False, accumulate=1):
    """Returns the weights after the steps, as a list, and the function that has taken them."""
    method, batches = compiled(name, strategy, dense, accumulate)
    # A tiny model takes its steps in less time than one is traced in; replicas need a graph.
    step = method.train_step
    if strategy.num_replicas_in_sync > 1:
        step = tf.function(lambda batch: strategy.run(method.train_step, (batch,)), autograph=False)
    for _ in range(STEPS):
        step(next(batches))
    return np.concatenate([w.ravel() for w in method.get_weights()]).astype(float).tolist(), step


def collectives(step):
    """Counts what a replica sends in one step: the operations of that kind in its graph."""
    [graph] = [function.graph for function in step._list_all_concrete_functions()]
    found = [x for x in graph.get_operations() if x.type.startswith("Collective")]
    return len(found) / 2


if __name__ == "__main__":
    devices = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], devices)
    # Of graphs that run four times each.
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    one, two = make_strategy("auto"), make_strategy("mirrored")
    assert two.num_replicas_in_sync == 2
    weights, sent = {}, {}
    for name in SETTINGS:
        both, step = train(name, two)
        weights[name] = {
            "one": train(name, one)[0],
            "two": both,
            "dense": train(name, one, dense=True)[0],
            "parts": train(name, one, accumulate=4)[0],
            "parts on two": train(name, two, accumulate=2)[0],
        }
        sent[name] = collectives(step)
    print(json.dumps({"weights": weights, "collectives": sent}))
