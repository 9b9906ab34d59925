import keras
import numpy as np
import pytest

from mmssl.deploy.example import example_inputs
from mmssl.deploy.formats import export
from mmssl.deploy.precision import as_float32
from mmssl.deploy.reader import load_exported
from tests.deploy.conftest import BUILDERS, assert_same_outputs, skip_without


@pytest.fixture(scope="module", params=BUILDERS)
def pair(request, encoders):
    """A float32 encoder and the same one, with the same weights, in mixed_bfloat16."""
    plain = encoders[request.param]
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        mixed = BUILDERS[request.param]()
    finally:
        keras.config.set_dtype_policy(policy)
    mixed.set_weights(plain.get_weights())
    return plain, mixed


def test_the_copy_computes_exactly_what_the_float32_encoder_computes(pair):
    plain, mixed = pair
    inputs = example_inputs(plain)
    for name, value in as_float32(mixed)(inputs).items():
        np.testing.assert_array_equal(value, plain(inputs)[name])


def test_the_copy_is_float32_throughout_and_the_original_stays_mixed(pair):
    _, mixed = pair
    copy = as_float32(mixed)
    assert {layer.compute_dtype for layer in copy._flatten_layers()} == {"float32"}
    assert "bfloat16" in {layer.compute_dtype for layer in mixed.layers}


def test_names_survive(pair):
    _, mixed = pair
    copy = as_float32(mixed)
    assert [layer.name for layer in copy.layers] == [layer.name for layer in mixed.layers]
    assert set(copy.output) == set(mixed.output)


def test_a_mixed_encoder_is_exported_in_float32(pair, tmp_path):
    skip_without("litert")
    plain, mixed = pair
    result = export(mixed, tmp_path / "encoder.tflite", "litert")
    inputs = example_inputs(plain)
    assert_same_outputs(plain(inputs), load_exported(result.path)(inputs))


def test_recurrent_layers_of_the_copy_leave_cudnn_alone(encoders):
    layers = as_float32(encoders["audio"]).layers
    recurrent = [layer for layer in layers if isinstance(layer, keras.layers.GRU)]
    assert [layer.use_cudnn for layer in recurrent] == [False]
