"""Runs all losses on two replicas with half the batch each; prints values and gradients."""

import json
import os

os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import tensorflow as tf

from mmssl import distribution
from mmssl.strategy import make_strategy
from tests.losses.contract import all_cases


def main():
    devices = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], devices)
    strategy = make_strategy("mirrored")
    cases = all_cases()
    halves = [
        {name: half({**case.rows, **case.labels}, i) for name, case in cases.items()}
        for i in range(strategy.num_replicas_in_sync)
    ]

    def step(batch):
        return {name: one(case, batch[name]) for name, case in cases.items()}

    def one(case, batch):
        watched = {**{k: batch[k] for k in case.rows}, **case.shared}
        watched = {k: tf.convert_to_tensor(x) for k, x in watched.items()}
        with tf.GradientTape() as tape:
            tape.watch(watched)
            loss = case.loss(**{**batch, **watched})
            scaled = distribution.scale_loss(loss)
        return loss, tape.gradient(scaled, watched, unconnected_gradients="zero")

    batch = strategy.experimental_distribute_values_from_function(
        lambda context: halves[context.replica_id_in_sync_group]
    )
    results = tf.function(lambda: strategy.run(step, (batch,)))()
    print(json.dumps({name: joined(strategy, cases[name], *results[name]) for name in cases}))


def half(arrays, i):
    return {name: tf.constant(np.split(x, 2)[i]) for name, x in arrays.items()}


def joined(strategy, case, loss, gradients):
    parts = {k: np.array(strategy.experimental_local_results(g)) for k, g in gradients.items()}
    whole = {k: x.sum(0) if k in case.shared else np.concatenate(x) for k, x in parts.items()}
    return {
        "value": float(np.mean(strategy.experimental_local_results(loss))),
        "gradients": {k: x.tolist() for k, x in whole.items()},
    }


if __name__ == "__main__":
    main()
