"""Batches of a tf.data service: made by the processes of its workers, in the order of the steps.

A worker is a process of mmssl, since decoders and token tables are Python and memory of their own
process: it builds the pipeline of a run from its recipe, once, and makes the batches whose numbers
the dispatcher hands out. They arrive in any order, and are put in order by their numbers. What a
worker takes with it when it ends is made by the run itself.
"""

import dataclasses
import functools
import itertools
import json
import logging
import os
import queue
import socket
import threading

import numpy as np
import tensorflow as tf

from mmssl.pipelines.parts import WHOLE, Parts
from mmssl.pipelines.sources.scan import plain_reason
from mmssl.pipelines.steps import batch_maker
from mmssl.runs.classes import check_classes
from mmssl.runs.recipe import build
from mmssl.runs.tokens import give_tokenizer

logger = logging.getLogger(__name__)

PATIENCE = 30.0  # seconds without any batch, after which the run makes the next one itself
AHEAD = 64  # batches that arrive before one that is missing is taken for lost
_TOGETHER = 2  # batches that a worker makes at once
_REQUESTS = 8  # batches that are asked for at once
_PREFIX = "grpc://"
_END = object()  # behind the last batch that arrives
# The name under which the first Python function of a process is called from a graph.
_TOKEN = "pyfunc_0"


def dispatch(port):
    """Starts the dispatcher of a service in this process.

    Args:
        port: int; 0 takes a free one.

    Returns:
        The server, to be kept; its `target` is what `fit.data_service` names.
    """
    config = tf.data.experimental.service.DispatcherConfig(port=port)
    return tf.data.experimental.service.DispatchServer(config)


def work(target, port, trust=()):
    """Starts a worker of a service in this process, before any other Python function of a graph.

    Args:
        target: address of the dispatcher, such as "grpc://localhost:5050".
        port: int; 0 takes a free one.
        trust: names of modules whose classes the recipes of runs may name; see `check_classes`.

    Returns:
        Objects to be kept as long as it is to work.

    Raises:
        ValueError: nothing answers there.
    """
    check_target(target)
    graph = tf.Graph()
    with graph.as_default():  # which keeps the function
        made = tf.numpy_function(functools.partial(_made, trust=trust), ["", 0], tf.int64)
    if made.op.get_attr("token").decode() != _TOKEN:
        raise RuntimeError("a worker must be started before any other function of a graph")
    address = target.removeprefix(_PREFIX)
    config = tf.data.experimental.service.WorkerConfig(address, port=port)
    return graph, tf.data.experimental.service.WorkerServer(config)


def check_target(target):
    """Raises a ValueError where an address is none, or nothing answers there."""
    host, _, port = target.removeprefix(_PREFIX).rpartition(":")
    if not (target.startswith(_PREFIX) and host and port.isdecimal()):
        raise ValueError(
            f"data_service={target!r} must be an address such as grpc://localhost:5050"
        )
    try:
        socket.create_connection((host, int(port)), timeout=10).close()
    except OSError as error:
        raise ValueError(
            f"nothing answers at {target} ({error.strerror or error}): start `mmssl data-service` "
            "there"
        ) from error


class Service:
    """The batches of a run, made by a tf.data service.

    Args:
        target: address of the dispatcher.
        data: Pipeline of the run, prepared.
        spec: its section of the recipe.
        folder: path of the run folder, which the workers can read.
        seed: see `Pipeline.batches`.
        parts: see `Pipeline.batches`.
    """

    def __init__(self, target, data, spec, folder, seed, parts=WHOLE):
        check_target(target)
        self._target, self._parts = target, parts
        self._make = batch_maker(data, seed, parts)
        self._spec = self._make.get_concrete_function().structured_outputs
        job = {"data": _absolute(spec), "folder": os.path.abspath(folder), "seed": seed}
        job["parts"] = dataclasses.asdict(parts)
        self._job = json.dumps(job, sort_keys=True, default=os.fspath)

    def batches(self, first):
        """Returns the infinite dataset of training batches, or of the parts of them.

        Args:
            first: int, number of the first step.

        Returns:
            tf.data.Dataset, equal to that of `Pipeline.batches`.
        """
        first *= self._parts.count
        signature = {name: tf.TensorSpec(t.shape, t.dtype) for name, t in self._spec.items()}
        dataset = tf.data.Dataset.from_generator(
            lambda: in_order(self._arriving(first), self._own, first), output_signature=signature
        )
        return dataset.prefetch(2)

    def _own(self, step):
        return self._make(tf.constant(step, tf.int64))

    def _arriving(self, first):
        """Yields pairs of a number and a batch as they come; None where none comes for long."""
        arrived, ended = queue.Queue(AHEAD), threading.Event()
        reading = threading.Thread(
            target=_read, args=(self._remote(first), arrived, ended), daemon=True
        )
        reading.start()
        try:
            while (found := _next(arrived)) is not _END:
                yield found
        finally:
            ended.set()

    def _remote(self, first):
        names, job = sorted(self._spec), self._job
        types = [tf.int64, *(self._spec[name].dtype for name in names)]

        def make(step):
            step, *values = tf.raw_ops.PyFuncStateless(input=[job, step], token=_TOKEN, Tout=types)
            shaped = {
                name: tf.ensure_shape(value, self._spec[name].shape)
                for name, value in zip(names, values, strict=True)
            }
            return step, shaped

        steps = tf.data.Dataset.range(first, tf.int64.max)
        made = steps.map(make, _TOGETHER, deterministic=False)
        service = tf.data.experimental.service
        shared = service.distribute(
            service.ShardingPolicy.DYNAMIC, self._target, max_outstanding_requests=_REQUESTS
        )
        return made.apply(shared)


def in_order(arriving, make, first):
    """Yields batches in the order of their numbers.

    Args:
        arriving: iterable of pairs (number, batch) in any order, and of None where none came for
            long; it may end.
        make: function from a number to the batch that got lost.
        first: number of the first batch.

    Yields:
        Batches number `first`, `first` + 1 and so on, without end.
    """
    waiting, lost, arriving = {}, 0, iter(arriving)
    for wanted in itertools.count(first):
        while wanted not in waiting:
            found = next(arriving, None) if len(waiting) < AHEAD else None
            if found is None:
                lost += 1
                _tell(wanted, lost)
                waiting[wanted] = make(wanted)
            elif found[0] >= wanted:
                waiting[found[0]] = found[1]
        yield waiting.pop(wanted)


def _next(arrived):
    try:
        return arrived.get(timeout=PATIENCE)
    except queue.Empty:
        return None


def _read(dataset, arrived, ended):
    """Puts what a dataset yields into a queue, and _END behind it, until there is an end to it."""
    try:
        for step, batch in dataset:
            _put(arrived, (int(step), batch), ended)
            if ended.is_set():
                return
    except tf.errors.OpError as error:
        reason = plain_reason(error.message)
        logger.warning("the data service ended (%s): the run makes its batches itself", reason)
    _put(arrived, _END, ended)


def _put(arrived, found, ended):
    while not ended.is_set():
        try:
            arrived.put(found, timeout=1.0)
            return
        except queue.Full:
            continue


def _tell(step, lost):
    if lost in (1, 10, 100) or lost % 1000 == 0:
        logger.warning(
            "batch %d did not come from the data service and is made by the run itself, as %d so "
            "far: a worker may have ended",
            step,
            lost,
        )


def _absolute(spec):
    """Returns a section of a recipe whose paths do not depend on the working folder."""
    if isinstance(spec, dict):
        return {name: _absolute(value) for name, value in spec.items()}
    if isinstance(spec, list | tuple):
        return [_absolute(value) for value in spec]
    there = isinstance(spec, str) and os.path.exists(os.path.expanduser(spec))
    return os.path.abspath(os.path.expanduser(spec)) if there else spec


_building = threading.Lock()


def _made(job, step, trust):
    """Makes a batch in a worker: its number and the arrays, in the order of their names."""
    with _building:
        make = _maker(job.decode(), trust)
    batch = make(tf.constant(step, tf.int64))
    return [np.int64(step), *(batch[name].numpy() for name in sorted(batch))]


@functools.lru_cache(64)
def _maker(job, trust):
    job = json.loads(job)
    data = _data(json.dumps(job["data"]), job["folder"], trust)
    return batch_maker(data, job["seed"], Parts(**job["parts"]))


@functools.lru_cache(4)
def _data(spec, folder, trust):
    """Opens the data of a run, once for all workers that train it."""
    spec = {"data": json.loads(spec)}
    check_classes(spec, trust)
    data = build(spec["data"])
    data.reopen(folder)
    give_tokenizer(data, trust)
    return data.prepare(folder)
