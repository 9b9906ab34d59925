import json

import keras
import numpy as np
import pytest

from mmssl.cli import main
from mmssl.deploy import load_exported, quantized
from mmssl.deploy.checked import ExportError, ExportMismatchError
from mmssl.deploy.constants import store_in_int8
from mmssl.deploy.formats import export
from mmssl.deploy.integers import PRODUCTS, TABLES, float_products
from mmssl.deploy.probed import probe_both
from mmssl.deploy.quantized import export_quantized
from mmssl.encoders import conv_encoder, cpc_encoder, spectrogram_encoder
from mmssl.encoders.parts.whitening import Whitening, whitened
from mmssl.evaluation.probes.features import embed
from mmssl.pipelines.images import ImageCrops
from tests.deploy.conftest import (
    INT8,
    computed_in_integers,
    random_inputs,
    readers_of,
    run_with,
    skip_without,
)

FLOAT16 = 1  # of the schema's TensorType


@pytest.fixture(autouse=True)
def _installed():
    skip_without("litert")


def cosines(a, b):
    return np.sum(a * b, axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


def weights(path):
    """Size and type of the constants of more than 1,000 numbers, in the order of the file."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(path.read_bytes(), 0)
    tensors = [tensor for graph in model.subgraphs for tensor in graph.tensors]
    constant = [t for t in tensors if model.buffers[t.buffer].data is not None]
    sizes = [(int(np.prod(t.shape)) if t.shape is not None else 1, t.type) for t in constant]
    return [(size, kind) for size, kind in sizes if size > 1000]


@pytest.fixture(scope="module")
def sound_int8(sound_run, tmp_path_factory):
    path = tmp_path_factory.mktemp("int8") / "sound.tflite"
    return export_quantized(sound_run, "int8", path, calibration_items=8, items=5)


def test_int8_of_sound_is_close_on_items_that_it_was_not_calibrated_on(sound_int8, sound_run):
    source = sound_run.data.items.select(range(6))
    examples = list(sound_run.data.middles(source, 1).as_numpy_iterator())
    run = load_exported(sound_int8.path)
    found = np.concatenate([run(example)["embedding"] for example in examples])
    assert cosines(embed(sound_run.encoder, examples), found).min() > 0.99
    assert 0.99 < sound_int8.min_cosine <= sound_int8.mean_cosine < 1
    assert (sound_int8.items, sound_int8.calibration_items) == (5, 8)


def test_int8_leaves_the_first_convolution_of_sound_and_what_goes_in_and_out_in_floats(sound_int8):
    # 32 x 32 x 8, 32 x 32 x 4 twice and two kernels of the GRU; the first one is 32 x 10.
    kinds = [kind for _, kind in weights(sound_int8.path)]
    assert kinds == [INT8] * 5
    from ai_edge_litert.interpreter import Interpreter

    runner = Interpreter(model_path=str(sound_int8.path)).get_signature_runner("embed")
    assert runner.get_input_details()["waveform"]["dtype"] == np.float32
    assert {d["dtype"] for d in runner.get_output_details().values()} == {np.float32}


def test_only_products_of_sound_compute_in_integers(sound_int8):
    found = computed_in_integers(sound_int8.path)
    assert {"CONV_2D", "FULLY_CONNECTED"} <= found <= PRODUCTS | TABLES | {"QUANTIZE"}


def test_a_whitening_computes_in_floats(sound_run, tmp_path):
    plain = sound_run.encoder
    width = plain.output["embedding"].shape[-1]
    kernel = np.random.default_rng(0).normal(size=(width, 40)).astype("float32")
    encoder = whitened(plain, Whitening(np.zeros(width, "float32"), kernel))
    run = run_with(sound_run.folder, encoder)
    run.pipeline = sound_run.data
    result = export_quantized(run, "int8", tmp_path / "x.tflite", calibration_items=4, items=4)
    assert readers_of(result.path, kernel.size) == ["DEQUANTIZE"]


def test_a_fourier_transform_is_stored_in_int8_and_computed_in_floats(sound_run, tmp_path):
    encoder = spectrogram_encoder(8000, 16, 256, 128, (8, 16))
    run = run_with(sound_run.folder, encoder)
    run.pipeline = sound_run.data
    result = export_quantized(run, "int8", tmp_path / "x.tflite", calibration_items=4, items=4)
    kernel = 256 * 2 * 129
    assert readers_of(result.path, kernel) == ["DEQUANTIZE"]
    assert result.bytes < 2 * kernel
    assert result.min_cosine > 0.99


@pytest.mark.parametrize(("wide", "saved"), [(40, 40_000), (3, 0)])  # 400 and 5,333 channels
def test_weights_are_stored_in_int8_where_that_saves_space(wide, saved, tmp_path):
    images = keras.Input((4, 4, wide), name="images")
    table = np.random.default_rng(0).normal(size=(wide, 16_000 // wide)).astype("float32")
    features = keras.layers.Reshape((16, table.shape[1]))(keras.ops.matmul(images, table))
    embedding = keras.layers.GlobalAveragePooling1D()(features)
    encoder = keras.Model({"images": images}, {"features": features, "embedding": embedding})
    path = export(encoder, tmp_path / "encoder.tflite", "litert").path
    inputs, content = random_inputs(encoder, 2, None), path.read_bytes()
    expected = load_exported(path)(inputs)["embedding"]
    path.write_bytes(store_in_int8(content))
    assert len(content) - path.stat().st_size >= saved
    assert cosines(load_exported(path)(inputs)["embedding"], expected).min() > 0.999


def positions(table):
    """An encoder of pictures of 8 pixels that adds a table to its 16 tokens, and little else."""
    images = keras.Input((8, 8, 3), name="images")
    tokens = keras.layers.Reshape((16, 64))(keras.layers.Conv2D(64, 2, 2)(images))
    features = tokens + keras.ops.convert_to_tensor(table)
    embedding = keras.layers.GlobalAveragePooling1D()(features)
    return keras.Model({"images": images}, {"features": features, "embedding": embedding})


def test_a_table_of_positions_is_stored_in_int8_and_added_in_floats(tmp_path):
    table = np.random.default_rng(0).normal(size=(1, 16, 64)).astype("float32")
    table *= 10.0 ** np.arange(-4, 12)[:, None] / 1e4  # each position has its own scale
    encoder = positions(table)
    path = export(encoder, tmp_path / "encoder.tflite", "litert").path
    content, inputs = path.read_bytes(), {"images": np.zeros((1, 8, 8, 3))}
    path.write_bytes(store_in_int8(content))
    assert len(content) - path.stat().st_size > 2 * table.size
    found = load_exported(path)(inputs)["features"]
    assert cosines(found[0], table[0]).min() > 0.9999


def test_what_was_measured_is_kept_beside_the_file(sound_int8):
    kept = json.loads(sound_int8.path.with_suffix(".json").read_text())
    assert kept["precision"] == "int8"
    assert kept["bytes"] == sound_int8.path.stat().st_size
    assert kept["mean_cosine"] == sound_int8.mean_cosine
    assert (kept["items"], kept["calibration_items"], kept["seed"]) == (5, 8, 0)
    assert kept["probes"] == sound_int8.probes


def test_items_are_drawn_by_the_seed_and_none_is_drawn_twice(sound_run):
    first = quantized._drawn(sound_run, 0, 10, 7)
    again = quantized._drawn(sound_run, 0, 10, 7)
    other = quantized._drawn(sound_run, 1, 10, 7)
    assert [len(part) for part in first] == [10, 7]
    assert not set(first[0].names) & set(first[1].names)
    assert [part.names for part in first] == [part.names for part in again]
    assert first[0].names != other[0].names


def pictures(count):
    return np.random.default_rng(0).uniform(0, 1, (count, 16, 16, 3)).astype("float32")


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A run on a few labeled pictures, with an encoder that converts quickly."""
    keras.utils.set_random_seed(0)
    encoder = conv_encoder(16, (8, 32, 32), (1, 1, 1), (2, 2, 1), (1, 1, 1))
    run = run_with(tmp_path_factory.mktemp("small"), encoder)
    run.pipeline = ImageCrops(pictures(20), size=16, labels=["a", "b"] * 10, batch_size=4)
    return run


@pytest.mark.parametrize(
    ("precision", "kind", "share", "cosine"),
    [("float16", FLOAT16, 0.7, 0.99999), ("dynamic", INT8, 0.5, 0.99), ("int8", INT8, 0.5, 0.99)],
)
def test_each_precision_stores_its_weights_in_it(precision, kind, share, cosine, small):
    result = export_quantized(small, precision, calibration_items=8, items=4)
    assert result.path == small.folder / f"encoder_{precision}.tflite"
    assert {kind for _, kind in weights(result.path)} == {kind}
    assert result.share < share
    assert cosine < result.min_cosine <= result.mean_cosine < 1 + 1e-6
    assert set(result.probes) == {"float32", precision, "n_train", "n_test"}
    assert result.calibration_items == (8 if precision == "int8" else 0)


@pytest.mark.parametrize("factor", [-1, np.nan])
def test_a_file_that_computes_something_else_is_not_kept(factor, small, tmp_path, monkeypatch):
    def other(path):
        run = load_exported(path)
        return lambda inputs: {"embedding": factor * run(inputs)["embedding"]}

    monkeypatch.setattr(quantized, "load_exported", other)
    with pytest.raises(ExportMismatchError, match="dynamic file has embeddings"):
        export_quantized(small, "dynamic", tmp_path / "x.tflite", items=2)
    assert list(tmp_path.iterdir()) == []


def test_the_products_of_sound_up_to_the_first_learned_one_are_counted():
    assert float_products(spectrogram_encoder(8000, 16, 64, 32, (4, 4))) == 3
    assert float_products(cpc_encoder(channels=8, context_dim=4)) == 1
    assert float_products(conv_encoder(16, (4,), (1,), (2,), (1,))) == 0


def test_probes_tell_good_embeddings_from_bad_ones_and_need_labels():
    labels = [str(number % 3) for number in range(60)]
    data = ImageCrops(pictures(60), size=16, labels=labels, batch_size=4)

    def good(source, stage):
        return np.eye(3, dtype="float32")[[int(label) for label in source.labels]]

    def bad(source, stage):
        return np.ones((len(source), 3), "float32")

    found = probe_both(data, {"float32": good, "int8": bad})
    assert found["float32"] == {"knn": 1.0, "linear": 1.0}
    assert max(found["int8"].values()) < 0.5
    assert (found["n_train"], found["n_test"]) == (48, 12)
    unlabeled = probe_both(ImageCrops(pictures(60), size=16, batch_size=4), {"float32": good})
    assert "no labels" in unlabeled["missing"]


@keras.saving.register_keras_serializable("tests")
class Bend(keras.layers.Layer):
    def call(self, x):
        return keras.ops.erfinv(0.5 * x)


def test_an_operation_that_would_need_flex_is_named_with_its_layer(small, tmp_path):
    run = run_with(tmp_path, None)
    run.pipeline = small.data
    images = keras.Input(small.encoder.input["images"].shape[1:], name="images")
    features = Bend(name="bend")(images)
    embedding = keras.layers.GlobalAveragePooling2D()(features)
    run.encoder = keras.Model({"images": images}, {"features": features, "embedding": embedding})
    with pytest.raises(ExportError, match=r"Erfinv \(at .*bend.*\)"):
        export_quantized(run, "int8")


def test_what_does_not_fit_is_refused_before_any_work(small, capsys, sound_run):
    with pytest.raises(ValueError, match="'int4'; choose one of float16, dynamic, int8"):
        export_quantized(small, "int4")
    with pytest.raises(ValueError, match="items=0 must be 1 or more"):
        export_quantized(small, "int8", items=0)
    with pytest.raises(ValueError, match=r"ends in \.tflite"):
        export_quantized(small, "int8", "encoder.bin")
    for options, sentence in (
        (["--format", "onnx", "--quantize", "int8"], "is for --format litert"),
        (["--format", "litert", "--quantize", "half"], "'half'; choose one of float16"),
    ):
        assert main(["export", str(sound_run.folder), *options]) == 2
        assert sentence in capsys.readouterr().err


def test_a_run_of_one_item_has_nothing_to_compare_on(small, tmp_path):
    one = ImageCrops(pictures(1), size=16, batch_size=1)
    run = run_with(tmp_path, small.encoder)
    run.pipeline = one
    with pytest.raises(ValueError, match="trained on one item"):
        export_quantized(run, "int8")
