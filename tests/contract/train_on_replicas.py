"""Trains cases on one and on two virtual devices, and keeps what came out: FOLDER NAME ..."""

import functools
import json
import os

os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
import tensorflow as tf

from mmssl.training.distribution import make_strategy
from mmssl.training.recipe import build
from tests.contract.cases import CASES
from tests.contract.children import work_through

STEPS = 3
# A second one in a process breaks the collectives of the first.
mirrored = functools.cache(lambda: make_strategy("mirrored"))


def main(name, folder):
    config = CASES[name].config(*CASES[name].still)
    data = build(config["data"])
    figures = {
        "one": train(config, data, make_strategy("auto")),
        "two": train(config, data, mirrored()),
    }
    keras.config.set_dtype_policy("mixed_bfloat16")
    figures["two in bfloat16"] = train(config, data, mirrored())
    (folder / f"{name}.json").write_text(json.dumps(figures))


def train(config, data, strategy):
    keras.utils.set_random_seed(0)
    with strategy.scope():
        method = build(config["method"])
        method.adapt(data.batches())
        method.compile(**method.make_optimizers(make_optimizer))
        method.make_train_function()
    batches = iter(strategy.experimental_distribute_dataset(data.batches()))
    losses, norms = [], []
    for _ in range(STEPS):
        method.reset_metrics()
        before = method.get_weights()
        losses.append(float(method.train_function([next(batches)])["loss"]))
        moved = [np.square(a - b).sum() for a, b in zip(before, method.get_weights(), strict=True)]
        norms.append(float(np.sqrt(np.sum(moved))))
    weights = np.concatenate([w.ravel() for w in method.get_weights()])
    return {
        "replicas": strategy.num_replicas_in_sync,
        "losses": losses,
        "gradient_norms": norms,
        "weights": weights.astype(float).tolist(),
    }


def make_optimizer(variables, rate=1.0, constant=False):
    # A clip far below the gradient's norm: it must act on the sum over the replicas. Adam
    # would blow up the rounding of gradients that are zero in theory, as of key biases.
    optimizer = keras.optimizers.SGD(0.1 * rate, momentum=0.9, global_clipnorm=0.05)
    optimizer.build(variables)
    return optimizer


if __name__ == "__main__":
    devices = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], devices)
    work_through(main)
