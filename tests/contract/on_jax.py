"""A process of its own for Keras on JAX: Keras settles its backend once a process."""

import functools
import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor
from unittest.mock import patch

MOST = 4  # virtual devices


@functools.cache
def process(devices=1):
    """Starts it; one serves all methods of a session.

    Args:
        devices: int, virtual devices of the processor.
    """
    spawn = multiprocessing.get_context("spawn")
    chosen = {"initializer": _choose_jax, "initargs": (devices,)}
    return ProcessPoolExecutor(1, mp_context=spawn, **chosen)


def _choose_jax(devices):
    os.environ["KERAS_BACKEND"] = "jax"
    # Steps are compiled to be run five times.
    quick = (
        "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true "
        f"--xla_cpu_use_fusion_emitters=false --xla_force_host_platform_device_count={devices}"
    )
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {quick}"


def train(config, weights, batches, devices=1):
    """Trains a method on JAX; called in that process.

    Args:
        config: dict of `read_recipe`.
        weights: list of arrays to start from.
        batches: list of dicts of arrays.
        devices: int, those that share a batch.

    Returns:
        losses, one a step; list of the weights after the last step; dict of the processor-seconds
        that were spent on this (`own`) and on the process' start (`shared`).
    """
    begun = time.process_time()
    start = _start()
    import keras

    from tests.contract.building import built

    names = keras.distribution.list_devices()[:devices]
    parallel = keras.distribution.DataParallel(devices=names) if devices > 1 else None
    keras.distribution.set_distribution(parallel)
    with _undrawn_weights():
        method = built(config, batches)
    method.set_weights(weights)
    losses = []
    for batch in batches:
        method.reset_metrics()
        losses.append(float(method.train_on_batch(batch, return_dict=True)["loss"]))
    weights = method.get_weights()
    keras.backend.clear_session()
    return losses, weights, {"shared": start, "own": time.process_time() - begun - start}


def _undrawn_weights():
    """Spares the drawing of weights that are set afterwards: it compiles a kernel a shape."""
    import numpy as np
    from keras.src.backend import random

    def zeros(shape, *args, dtype="float32", **kwargs):
        return np.zeros(shape, dtype or "float32")

    return patch.multiple(random, truncated_normal=zeros, uniform=zeros, normal=zeros)


_imported = False


def _start():
    """Imports what all methods need; returns the seconds of the process until then, once."""
    global _imported
    if _imported:
        return 0.0
    import tests.contract.building  # noqa: F401

    _imported = True
    return time.process_time()
