"""Trains a case on virtual devices and prints what came out, as JSON: NAME REPLICAS."""

import json
import os
import sys

os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
import tensorflow as tf

from mmssl.training.distribution import make_strategy
from mmssl.training.recipe import build
from tests.contract.cases import CASES

STEPS = 3


def main(name, replicas):
    devices = [tf.config.LogicalDeviceConfiguration()] * replicas
    tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], devices)
    config = CASES[name].config(*CASES[name].still)
    strategy = make_strategy("mirrored" if replicas > 1 else "auto")
    data = build(config["data"])
    figures = {"replicas": strategy.num_replicas_in_sync, **train(config, data, strategy)}
    if replicas > 1:
        keras.config.set_dtype_policy("mixed_bfloat16")
        figures["mixed_losses"] = train(config, data, strategy)["losses"]
    print(json.dumps(figures))


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
    return {"losses": losses, "gradient_norms": norms, "weights": weights.astype(float).tolist()}


def make_optimizer(variables, rate=1.0, constant=False):
    # A clip far below the gradient's norm: it must act on the sum over the replicas. Adam
    # would blow up the rounding of gradients that are zero in theory, as of key biases.
    optimizer = keras.optimizers.SGD(0.1 * rate, momentum=0.9, global_clipnorm=0.05)
    optimizer.build(variables)
    return optimizer


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
