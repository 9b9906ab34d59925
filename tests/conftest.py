"""What all tests need: a quiet TensorFlow on the processor, and two virtual devices."""

import functools
import gc
import os
import subprocess
import sys

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("MPLBACKEND", "Agg")

from pathlib import Path

import keras
import pytest
import tensorflow as tf

from tests import sessions

pytest_plugins = ["tests.contract.seconds", "tests.tiny_runs"]

# Before anything runs: TensorFlow settles its devices once a process.
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)


@pytest.hookimpl(tryfirst=True)  # before xdist reads the marks
def pytest_collection_modifyitems(items):
    """Gives each file's tests to one worker, and marks those that compare in roundings."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.location[0]))
        if {"assert_close", "multiples"} & set(item.function.__code__.co_names):
            item.add_marker("numerical")


def pytest_make_parametrize_id(val, argname):
    """Names encoded files by their argument: their bytes may hold the second they were made in."""
    return argname if isinstance(val, bytes) else None


def pytest_collection_finish():
    """Spares the imported modules from the garbage collection that ends every file's session."""
    gc.freeze()


def pytest_runtest_setup(item):
    if item.get_closest_marker("bfloat16") and not _multiplies_bfloat16():
        pytest.skip("TensorFlow crashes on products in bfloat16 under this ONEDNN_MAX_CPU_ISA")


@functools.cache
def _multiplies_bfloat16():
    """Whether TensorFlow does; it may crash where oneDNN is told of a lesser processor."""
    if "ONEDNN_MAX_CPU_ISA" not in os.environ:
        return True
    product = "import tensorflow as tf; x = tf.ones((8, 8), tf.bfloat16); tf.matmul(x, x)"
    return subprocess.run([sys.executable, "-c", product], capture_output=True).returncode == 0


@pytest.fixture(autouse=True, scope="session")
def _cache_of_its_own(tmp_path_factory):
    os.environ["MMSSL_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(autouse=True)
def _same_seed_and_policy():
    keras.utils.set_random_seed(0)
    yield
    keras.config.set_dtype_policy("float32")


@pytest.fixture(autouse=True, scope="module")
def _session_of_its_own():
    yield
    sessions.end_file()


@pytest.fixture(scope="session")
def real_data():
    """Folder of real data sets; tests that use it are skipped where it is missing."""
    default = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("MMSSL_DATA", default))
    if not folder.is_dir():
        pytest.skip("no real data: set MMSSL_DATA to their folder")
    return folder
