"""Processes that train together on this machine; started once for all methods of a session."""

import functools
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor

from mmssl.strategy import VARIABLE, config_of
from mmssl.training.launch import free_ports


@functools.cache
def processes(count):
    """Starts them: a list of executors of a process each."""
    spawn = multiprocessing.get_context("spawn")
    addresses = [f"127.0.0.1:{port}" for port in free_ports(count)]
    return [
        ProcessPoolExecutor(1, mp_context=spawn, initializer=_join, initargs=(addresses, index))
        for index in range(count)
    ]


def on_each(count, function, *arguments):
    """Calls a function in each of them at the same time.

    Returns:
        list of what it returns.
    """
    calls = [process.submit(function, *arguments) for process in processes(count)]
    return [call.result() for call in calls]


def _join(addresses, index):
    os.environ[VARIABLE] = config_of(addresses, index)
    import tensorflow as tf

    from mmssl.strategy import join_workers

    tf.config.experimental.enable_op_determinism()
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    join_workers()


def train(config, batches, steps):
    """Trains a method on this worker's parts of its batches; called in these processes.

    Args:
        config: dict of `read_recipe`.
        batches: list of dicts of arrays, the first whole batches, which the method adapts to.
        steps: int.

    Returns:
        Course.
    """
    import keras

    from mmssl.strategy import make_strategy
    from mmssl.training.workers import Workers
    from tests.contract import visit
    from tests.contract.building import built, prepared

    strategy = make_strategy("multi_worker")
    share = prepared(config["data"]).batches(seed=0, parts=Workers().parts(strategy))
    with strategy.scope():
        method = built(config, batches)
        method.make_train_function()
    shares = iter(strategy.distribute_datasets_from_function(lambda _: share))
    course = visit.train(method, [next(shares) for _ in range(steps)])
    keras.backend.clear_session()
    return course
