"""Encoders that were trained with Keras on JAX are loaded and exported with Keras on TensorFlow."""

import importlib.util

import pytest

from mmssl.deploy import example_inputs, export, load_exported
from mmssl.encoders.parts.saved import read_model
from tests.contract import on_jax
from tests.tolerances import NETWORK, assert_close, rounding

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("jax") is None, reason="the extra jax is not installed"
)
BUILDERS = {
    "audio": ("cpc_encoder", {"channels": 16, "context_dim": 8}),
    "text": (
        "bert_encoder",
        {"vocabulary_size": 50, "length": 24, "width": 16, "depth": 1, "num_heads": 2},
    ),
    "images": ("small_conv_encoder", {"size": 16, "channels": (8, 8), "strides": (2, 2)}),
}


def save_on_jax(kind, path):
    """Builds, moves and saves an encoder; called in the process of Keras on JAX.

    Returns:
        dict of arrays, its inputs, and of its outputs.
    """
    import keras
    import numpy as np

    from mmssl import encoders

    name, arguments = BUILDERS[kind]
    keras.utils.set_random_seed(0)
    encoder = getattr(encoders, name)(**arguments)
    draw = np.random.default_rng(0)
    weights = encoder.get_weights()
    encoder.set_weights([w + draw.uniform(0, 0.1, w.shape) * (w.ndim == 1) for w in weights])
    encoder.save(path)
    inputs = example_inputs(encoder)
    return inputs, {name: np.asarray(x) for name, x in encoder(inputs, training=False).items()}


@pytest.mark.parametrize("kind", BUILDERS)
def test_an_encoder_from_jax_is_loaded_and_exported_alike(kind, tmp_path):
    path = tmp_path / "encoder.keras"
    inputs, expected = on_jax.process().submit(save_on_jax, kind, str(path)).result()
    encoder = read_model(path, "train it again")
    result = export(encoder, tmp_path / "exported", "saved_model")
    assert result.max_difference < NETWORK * rounding()
    got = load_exported(result.path)(inputs)
    for name, value in expected.items():
        assert_close(got[name], value, NETWORK, abs(value).max())
