"""Small SavedModels that are served in the process of the tests."""

import contextlib

import pytest

pytest.importorskip("starlette", reason="the extra serve is not installed")
pytest.importorskip("uvicorn", reason="the extra serve is not installed")

import keras
import tensorflow as tf
from starlette.testclient import TestClient

from mmssl.deploy.saved_model import save
from mmssl.deploy.signatures import declared
from mmssl.encoders import cpc_encoder
from mmssl.serving.limits import Limits
from mmssl.serving.model import read_saved_model
from mmssl.serving.rest import create_app
from mmssl.serving.service import Service


class HalfPlusTwo(tf.Module):
    """The toy of TensorFlow Serving's documentation, and a second output beside its own."""

    def __init__(self):
        super().__init__()
        self.a, self.b = tf.Variable(0.5), tf.Variable(2.0)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def half(self, x):
        return {"y": self.a * x + self.b}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def both(self, x):
        return {"y": self.a * x + self.b, "x_again": x}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])
    def echo(self, text):
        return {"text": text, "text_bytes": text}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def positive(self, x):
        with tf.control_dependencies([tf.debugging.assert_positive(x, "x must be above 0")]):
            return {"y": tf.sqrt(x)}


@pytest.fixture(scope="session")
def half_plus_two(tmp_path_factory):
    """Folder of numbered versions of the toy; 123 is the highest."""
    folder, module = tmp_path_factory.mktemp("half") / "half_plus_two", HalfPlusTwo()
    signatures = {
        "serving_default": module.half,
        "both": module.both,
        "echo": module.echo,
        "positive": module.positive,
    }
    for version in ("9", "123"):
        tf.saved_model.save(module, str(folder / version), signatures)
    return folder


@pytest.fixture(scope="session")
def toy(half_plus_two):
    return read_saved_model(half_plus_two / "123", "half_plus_two", 123)


@pytest.fixture(scope="session")
def sound_model(tmp_path_factory):
    """An exported encoder of waveforms."""
    keras.utils.set_random_seed(0)
    folder = tmp_path_factory.mktemp("sound") / "speech"
    save(folder, {"embed": declared(cpc_encoder(channels=8, context_dim=8))})
    return read_saved_model(folder, "speech", 1, sample_rate=8000)


@pytest.fixture
def serving():
    """Serves models in this process: a context manager that yields a client."""

    @contextlib.contextmanager
    def start(*models, limits=None, **batching):
        with contextlib.closing(Service(list(models), limits or Limits(), **batching)) as service:
            client = TestClient(create_app(service), raise_server_exceptions=False)
            client.service = service
            yield client

    return start


@pytest.fixture
def client(serving, toy):
    with serving(toy) as client:
        yield client
