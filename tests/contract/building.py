"""Data and methods of cases, built as the contract needs them."""

import contextlib
import functools
import json

import keras
import numpy as np
import tensorflow as tf

from mmssl.runs.recipe import build
from mmssl.strategy import make_strategy

PLANNED = 1000  # steps that a schedule is told of


def mirrored():
    """Returns the strategy of two replicas, on two devices of the CPU."""
    return make_strategy("mirrored")


def prepared(spec):
    """Returns the pipeline of a recipe's data section, learned and scanned once a session."""
    return _prepared(json.dumps(spec))


@functools.cache
def _prepared(text):
    data = build(json.loads(text))
    data.prepare()
    return data


def built(config, batches, seed=0):
    """Builds a method, compiled and adapted to its data.

    Args:
        config: dict of `read_recipe`.
        batches: list of training batches.
        seed: of the weights.
    """
    keras.utils.set_random_seed(seed)
    method = build(config["method"])
    method.set_total_steps(PLANNED)
    method.compile(**method.make_optimizers(make_optimizer))
    method.adapt(as_dataset(batches))
    return method


def make_optimizer(variables, rate=1.0, constant=False):
    """Builds an optimizer that shows faults and no rounding, and that is traced quickly.

    Its clip lies far below the gradient's norm: it must act on the sum over the replicas. Adam
    would blow up the rounding of gradients that are zero in theory, as of key biases, and has
    three times the operations a variable.
    """
    optimizer = keras.optimizers.SGD(0.1 * rate, momentum=0.9, global_clipnorm=0.05)
    optimizer.build(variables)
    return optimizer


def as_dataset(batches):
    """Returns a tf.data.Dataset of given batches."""
    return tf.data.Dataset.from_tensor_slices(
        tf.nest.map_structure(lambda *parts: np.stack(parts), *batches)
    )


def loss_of(method, batch, training=True):
    """Computes the loss of a batch, as a step does, without the step."""
    return method.compute_loss(x=batch, y_pred=method(batch, training=training), training=training)


@contextlib.contextmanager
def unoptimized_graphs():
    """Spares the optimization of graphs, which takes longer than the few times that they run."""
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    try:
        yield
    finally:
        tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": False})


@contextlib.contextmanager
def policy(name):
    """Lets models be built in another precision."""
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy("float32")
