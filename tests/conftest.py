"""What all tests need: a quiet TensorFlow on the processor, and two virtual devices."""

import gc
import os

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("MPLBACKEND", "Agg")

from pathlib import Path

import keras
import pytest


def pytest_collection_finish():
    """Spares the imported modules from the garbage collection that ends every test's session."""
    gc.freeze()


def pytest_collection_modifyitems(items):
    """Marks the tests that compare in roundings, which `make test-processors` runs."""
    for item in items:
        if {"assert_close", "multiples"} & set(item.function.__code__.co_names):
            item.add_marker("numerical")


@pytest.fixture(autouse=True)
def _same_seed_and_policy():
    keras.utils.set_random_seed(0)
    yield
    keras.config.set_dtype_policy("float32")
    keras.backend.clear_session()


@pytest.fixture(scope="session")
def real_data():
    """Folder of real data sets; tests that use it are skipped where it is missing."""
    default = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("MMSSL_DATA", default))
    if not folder.is_dir():
        pytest.skip("no real data: set MMSSL_DATA to their folder")
    return folder
