"""A program may end while its iterators are open."""

import subprocess
import sys

PROGRAM = """
import numpy as np
import tensorflow as tf
import mmssl.pipelines

cpus = [tf.config.LogicalDeviceConfiguration()] * 2
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], cpus)


def slow(n):
    return n + np.int64(sum(range(200_000)) * 0)


def step(n):
    return tf.numpy_function(slow, [n], tf.int64)


data = tf.data.Dataset.range(2**60).map(step, 8).batch(2).prefetch(10_000)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
opened = iter(data), iter(strategy.experimental_distribute_dataset(data))
print([next(iterator) for iterator in opened])
"""


def test_a_program_ends_while_its_datasets_call_python():
    program = [sys.executable, "-c", PROGRAM]
    ended = subprocess.run(program, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
