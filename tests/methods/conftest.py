import keras
import numpy as np
import pytest

from mmssl.encoders.parts.normalization import batch_normalization


@pytest.fixture
def encoder():
    """A small encoder of vectors, with batch norm, the same in every test."""
    keras.utils.set_random_seed(0)
    vectors = keras.Input((6,), name="vectors")
    x = batch_normalization(0.9)(keras.layers.Dense(8)(vectors))
    x = keras.layers.ReLU(name="block_1")(x)
    return keras.Model({"vectors": vectors}, {"features": x, "embedding": x})


@pytest.fixture
def pairs():
    """Two views of eight examples."""
    rng = np.random.default_rng(0)
    first = rng.normal(size=(8, 6)).astype("float32")
    second = first + 0.3 * rng.normal(size=(8, 6)).astype("float32")
    return {"vectors_1": first, "vectors_2": second}
