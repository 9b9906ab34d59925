"""The devices and processes that a run trains on: TF_CONFIG, and the strategies over them."""

import contextlib
import functools
import json
import os
from dataclasses import dataclass

STRATEGIES = ("auto", "mirrored", "multi_worker", "tpu")
VARIABLE = "TF_CONFIG"
JOBS = ("chief", "worker")  # in the order of their replicas


@dataclass(frozen=True)
class Cluster:
    """The workers of a run, and which of them this process is.

    Attributes:
        addresses: tuple of `host:port`, the chief's first; empty without TF_CONFIG.
        index: number of this worker; 0 is the chief, which alone writes the run folder.
    """

    addresses: tuple[str, ...] = ()
    index: int = 0

    @property
    def is_chief(self):
        return self.index == 0


def read_cluster():
    """Reads TF_CONFIG.

    Returns:
        Cluster.

    Raises:
        ValueError: it is not of the form that TensorFlow reads.
    """
    text = os.environ.get(VARIABLE, "")
    if not text:
        return Cluster()
    try:
        config = json.loads(text)
        jobs, task = dict(config["cluster"]), config["task"]
        addresses = tuple(address for job in JOBS for address in jobs.get(job, ()))
        before = len(jobs.get("chief", ())) if task["type"] == "worker" else 0
        index = before + int(task["index"])
        known = jobs.keys() <= set(JOBS) and task["type"] in jobs
    except (ValueError, KeyError, TypeError, AttributeError):
        known, addresses, index = False, (), 0
    if not known or index not in range(len(addresses)):
        raise ValueError(
            f'{VARIABLE} must be {{"cluster": {{"worker": ["host:port", ...]}}, "task": {{"type": '
            f'"worker", "index": 0}}}}, as `mmssl launch` sets it; got {text!r}.'
        )
    return Cluster(addresses, index)


def config_of(addresses, index):
    """Returns the text of TF_CONFIG for a worker.

    Args:
        addresses: list of `host:port`.
        index: number of the worker, or what stands for it until it is known.
    """
    task = {"type": "worker", "index": index}
    return json.dumps({"cluster": {"worker": list(addresses)}, "task": task})


def make_strategy(name="auto"):
    """Builds the `tf.distribute` strategy that a run trains under.

    Args:
        name: `"auto"` uses one device, or all local GPUs if there are several, or is
            `"multi_worker"` where TF_CONFIG names several workers; `"mirrored"` uses all local GPUs
            or, without any, all CPU devices, virtual ones included; `"multi_worker"` all GPUs of
            all workers, or a CPU of each; `"tpu"` all cores of the TPU that this machine has.

    Returns:
        tf.distribute.Strategy.

    Raises:
        ValueError: the strategy is unknown, there is no such device, TF_CONFIG is wrong or does not
            go with it, or the workers do not meet.
    """
    import keras

    if name not in STRATEGIES:
        raise ValueError(f"fit.strategy must be one of {', '.join(STRATEGIES)}; got {name!r}.")
    if keras.backend.backend() == "jax":
        return _on_jax(name)
    workers = len(read_cluster().addresses)
    if workers > 1 and name in ("mirrored", "tpu"):
        raise ValueError(
            f"fit.strategy={name} trains in one process, and TF_CONFIG names {workers} workers: "
            "set multi_worker, or unset TF_CONFIG."
        )
    if workers == 0 and name == "multi_worker":
        raise ValueError(
            "fit.strategy=multi_worker needs TF_CONFIG, which names the workers: start it with "
            "`mmssl launch`, or set auto."
        )
    if name == "tpu":
        return _tpu()
    return join_workers() if workers > 1 else _local(name)


def _local(name):
    import tensorflow as tf

    gpus = tf.config.list_logical_devices("GPU")
    if name != "mirrored" and len(gpus) < 2:
        return tf.distribute.get_strategy()
    devices = gpus or tf.config.list_logical_devices("CPU")
    return _mirrored(tuple(device.name for device in devices))


# One in a process: a second would give its collectives the names of the first one's, and those of
# another shape would end the run.
@functools.cache
def _mirrored(devices):
    import tensorflow as tf

    return tf.distribute.MirroredStrategy(devices)


@functools.cache
def join_workers():
    """Waits for the other workers that TF_CONFIG names; before TensorFlow runs any operation.

    Returns:
        tf.distribute.MultiWorkerMirroredStrategy; one in a process.

    Raises:
        ValueError: this worker cannot be reached at its address, or the others do not come.
    """
    import tensorflow as tf

    cluster = read_cluster()
    try:
        return tf.distribute.MultiWorkerMirroredStrategy()
    except (tf.errors.OpError, RuntimeError) as error:
        raise ValueError(
            f"worker {cluster.index} of {len(cluster.addresses)} cannot join the others at "
            f"{cluster.addresses[cluster.index]}: {' '.join(str(error).split())}"
        ) from None


class DevicesOfJAX:
    """Devices that Keras on JAX trains on: what a run asks of a tf.distribute.Strategy.

    Args:
        devices: list of str, as of `keras.distribution.list_devices`.
    """

    def __init__(self, devices):
        import keras

        several = len(devices) > 1
        parallel = keras.distribution.DataParallel(devices=devices) if several else None
        keras.distribution.set_distribution(parallel)
        self.num_replicas_in_sync = len(devices)

    def scope(self):
        return contextlib.nullcontext()


def _on_jax(name):
    import keras
    import tensorflow as tf

    if name not in ("auto", "mirrored"):
        raise ValueError(f"fit.strategy={name} needs KERAS_BACKEND=tensorflow, or set mirrored.")
    with contextlib.suppress(RuntimeError):  # they are in use, by TensorFlow
        tf.config.set_visible_devices([], "GPU")  # whose memory it would take from JAX
    devices = keras.distribution.list_devices()
    wanted = name == "mirrored" or not devices[0].startswith("cpu")
    return DevicesOfJAX(devices if wanted else devices[:1])


@functools.cache
def _tpu():
    import tensorflow as tf

    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver.connect(tpu="local")
        return tf.distribute.TPUStrategy(resolver)
    except (tf.errors.OpError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"fit.strategy=tpu finds no TPU on this machine: {reason}") from None
