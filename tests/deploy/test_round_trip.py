import logging
import os

import keras
import numpy as np
import pytest

from mmssl.deploy import checked
from mmssl.deploy.formats import FORMATS, export
from mmssl.deploy.reader import load_exported
from mmssl.deploy.runs import export_run
from mmssl.encoders import cut
from mmssl.encoders.parts.whitening import Whitening, whitened
from tests.deploy.conftest import (
    BUILDERS,
    assert_same_outputs,
    random_inputs,
    run_with,
    skip_without,
)
from tests.tolerances import NETWORK, SUM, assert_close, rounding

LENGTHS = {"audio": (3200, 1777, 480), "text": (24, 13, 3), "images": (32,)}


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("kind", BUILDERS)
def test_an_export_computes_what_keras_computes_for_any_batch_and_length(
    kind, format, encoders, exported
):
    _, run = exported(kind, format)
    for seed, length in enumerate(LENGTHS[kind]):
        for batch in (1, 2):
            inputs = random_inputs(encoders[kind], batch, length, seed)
            assert_same_outputs(encoders[kind](inputs), run(inputs))


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("kind", BUILDERS)
def test_the_result_tells_path_size_and_difference(kind, format, exported):
    result, _ = exported(kind, format)
    files = [result.path, *result.path.rglob("*")]
    assert result.format == format
    assert result.bytes == sum(file.stat().st_size for file in files if file.is_file())
    assert 0 <= result.max_difference < NETWORK * rounding()
    assert result.seconds > 0


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("kind", ["audio", "text"])
def test_an_example_gives_the_same_embedding_alone_and_padded(kind, format, encoders, exported):
    _, run = exported(kind, format)
    length = LENGTHS[kind][0]
    batch = random_inputs(encoders[kind], 3, length)
    for row in range(3):
        kept = batch["padding_mask"][row].sum()
        alone = {name: array[row : row + 1, :kept] for name, array in batch.items()}
        assert_close(run(alone)["embedding"][0], run(batch)["embedding"][row], SUM)


@pytest.mark.parametrize("kind", BUILDERS)
def test_a_litert_file_holds_no_flex_operation(kind, exported):
    result, _ = exported(kind, "litert")
    assert b"Flex" not in result.path.read_bytes()


@pytest.mark.parametrize("kind", BUILDERS)
def test_a_saved_model_serves_the_encoders_inputs_by_name(kind, encoders, exported):
    import tensorflow as tf

    result, _ = exported(kind, "saved_model")
    signatures = tf.saved_model.load(str(result.path)).signatures
    assert set(signatures) == {"embed", "serving_default"}
    for signature in signatures.values():
        specs = signature.structured_input_signature[1]
        assert set(specs) == {tensor.name for tensor in encoders[kind].inputs}
        assert all(spec.shape[0] is None for spec in specs.values())
        assert set(signature.structured_outputs) == {"embedding", "features"}


@pytest.mark.parametrize("kind", BUILDERS)
def test_a_saved_model_stores_every_weight_once(kind, encoders, exported):
    import tensorflow as tf

    result, _ = exported(kind, "saved_model")
    stored = tf.train.list_variables(str(result.path / "variables" / "variables"))
    weights = sum(int(np.prod(shape)) for name, shape in stored if "VARIABLE_VALUE" in name)
    assert weights == encoders[kind].count_params()


def test_onnx_names_its_open_axes(exported):
    result, _ = exported("audio", "onnx")
    import onnx

    for value in onnx.load(str(result.path)).graph.input:
        axes = [axis.dim_param for axis in value.type.tensor_type.shape.dim]
        assert axes == ["batch", "length"]


@pytest.mark.parametrize("format", FORMATS)
def test_exact_gelu_is_exported(format, tmp_path):
    skip_without(format)
    images = keras.Input((4, 4, 1), name="images")
    features = keras.layers.Conv2D(8, 2, activation="gelu")(images)
    embedding = keras.layers.GlobalAveragePooling2D()(features)
    encoder = keras.Model({"images": images}, {"features": features, "embedding": embedding})
    inputs = {"images": np.linspace(-9, 9, 64, dtype="float32").reshape(4, 4, 4, 1)}
    result = export(encoder, tmp_path / FORMATS[format].NAME, format, inputs)
    assert_same_outputs(encoder(inputs), load_exported(result.path)(inputs))


def test_a_saved_model_has_no_gradient_that_outlasts_it_in_memory(exported):
    result, _ = exported("text", "saved_model")
    assert b"CustomGradient" not in (result.path / "saved_model.pb").read_bytes()


@pytest.mark.parametrize("kind", BUILDERS)
def test_a_cut_encoder_is_exported(kind, encoders, tmp_path):
    skip_without("litert")
    encoder = cut(encoders[kind], "block_1")
    result = export(encoder, tmp_path / "encoder.tflite", "litert")
    inputs = random_inputs(encoder, 2, LENGTHS[kind][0])
    assert_same_outputs(encoder(inputs), load_exported(result.path)(inputs))


@pytest.mark.parametrize(
    ("kind", "format"), [("text", "saved_model"), ("audio", "litert"), ("images", "onnx")]
)
def test_a_whitened_encoder_is_exported(kind, format, encoders, tmp_path):
    skip_without(format)
    width, rng = encoders[kind].output["embedding"].shape[-1], np.random.default_rng(0)
    arrays = rng.normal(size=width), rng.normal(size=(width, 3))
    encoder = whitened(encoders[kind], Whitening(*(x.astype("float32") for x in arrays)))
    result = export(encoder, tmp_path / FORMATS[format].NAME, format)
    inputs = random_inputs(encoder, 2, LENGTHS[kind][0])
    found = load_exported(result.path)(inputs)
    assert found["embedding"].shape == (2, 3)
    assert_same_outputs(encoder(inputs), found)


def test_a_run_is_exported_into_its_folder_and_cut_when_asked(tiny, tmp_path):
    run = run_with(tmp_path, tiny)
    assert export_run(run, "saved_model").path == tmp_path / "saved_model"
    elsewhere = tmp_path / "models" / "1"
    assert export_run(run, "saved_model", elsewhere).path == elsewhere


def test_a_run_is_exported_up_to_a_block(encoders, tmp_path):
    run = run_with(tmp_path, encoders["images"])
    result = export_run(run, "saved_model", layer="block_1")
    inputs = random_inputs(encoders["images"], 1, 32)
    found = load_exported(result.path)(inputs)
    assert_same_outputs(cut(encoders["images"], "block_1")(inputs), found)


@pytest.mark.parametrize("format", FORMATS)
def test_an_export_writes_nothing_to_the_terminal(format, tiny, tmp_path, capfd, monkeypatch):
    skip_without(format)

    def load(path):
        os.write(2, b"INFO: a delegate was created\n")
        return load_exported(path)

    monkeypatch.setattr(checked, "load_exported", load)
    monkeypatch.setattr(logging.getLogger("tensorflow"), "level", logging.INFO)
    export(tiny, tmp_path / FORMATS[format].NAME, format)
    assert "INFO" not in "".join(capfd.readouterr())
