import importlib.util

import keras
import numpy as np
import pytest

from mmssl import deploy
from mmssl.deploy import checked
from mmssl.deploy.checked import ExportError, ExportMismatchError
from mmssl.deploy.formats import FORMATS, export
from tests.deploy.conftest import skip_without


def falsify(monkeypatch, change):
    """Lets every export be read with a changed embedding."""
    genuine = checked.load_exported

    def load(path):
        run = genuine(path)
        return lambda inputs: change(run(inputs))

    monkeypatch.setattr(checked, "load_exported", load)


def contents(path):
    return {file.name: file.read_bytes() for file in [path, *path.rglob("*")] if file.is_file()}


CHANGES = {
    "off by a thousandth": lambda found: {name: 1.001 * value for name, value in found.items()},
    "not a number": lambda found: {name: np.nan * value for name, value in found.items()},
    "another shape": lambda found: {**found, "embedding": found["embedding"][:, :1]},
    "another name": lambda found: {"vector": found["embedding"]},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_an_export_that_computes_something_else_is_not_kept(change, tiny, tmp_path, monkeypatch):
    falsify(monkeypatch, change)
    with pytest.raises(ExportMismatchError, match="saved_model export"):
        export(tiny, tmp_path / "model", "saved_model")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("format", FORMATS)
def test_a_failed_export_leaves_the_earlier_one_whole(format, tiny, tmp_path, monkeypatch):
    skip_without(format)
    path = tmp_path / FORMATS[format].NAME
    export(tiny, path, format)
    before = contents(path)
    tiny.set_weights([weight + 1 for weight in tiny.get_weights()])
    falsify(monkeypatch, CHANGES["not a number"])
    with pytest.raises(ExportMismatchError):
        export(tiny, path, format)
    assert contents(path) == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("format", FORMATS)
def test_a_new_export_replaces_the_earlier_one(format, tiny, tmp_path):
    skip_without(format)
    path = tmp_path / FORMATS[format].NAME
    export(tiny, path, format)
    before = contents(path)
    tiny.set_weights([weight + 1 for weight in tiny.get_weights()])
    export(tiny, path, format)
    assert contents(path) != before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("format", ["litert", "onnx"])
def test_an_operation_that_the_format_lacks_is_named(format, tmp_path):
    skip_without(format)
    images = keras.Input((4, 4, 1), name="images")
    features = keras.ops.erfinv(images * 0.5)
    embedding = keras.layers.GlobalAveragePooling2D()(features)
    encoder = keras.Model({"images": images}, {"features": features, "embedding": embedding})
    with pytest.raises(ExportError, match="Erfinv"):
        export(encoder, tmp_path / FORMATS[format].NAME, format)
    assert list(tmp_path.iterdir()) == []


def test_an_encoder_that_gives_no_finite_numbers_is_refused(tiny, tmp_path):
    tiny.set_weights([np.nan * weight for weight in tiny.get_weights()])
    with pytest.raises(ValueError, match="not finite"):
        export(tiny, tmp_path / "model", "saved_model")


def test_an_unknown_format_is_answered_with_the_known_ones(tiny, tmp_path):
    with pytest.raises(ValueError, match=r"'coreml'.*saved_model, litert, onnx"):
        export(tiny, tmp_path / "model", "coreml")


@pytest.mark.parametrize(("format", "suffix"), [("litert", ".tflite"), ("onnx", ".onnx")])
def test_a_file_of_another_ending_is_refused(format, suffix, tiny, tmp_path):
    skip_without(format)
    with pytest.raises(ValueError, match=suffix):
        export(tiny, tmp_path / "model.bin", format)


def test_a_folder_of_something_else_is_never_replaced(tiny, tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(ValueError, match="other than a SavedModel"):
        export(tiny, tmp_path, "saved_model")
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize("format", ["litert", "onnx"])
def test_a_missing_extra_is_named_with_its_installation(format, tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=rf"checkout of mmssl: pip install '\.\[{format}\]'"):
        export(tiny, tmp_path / FORMATS[format].NAME, format)


@pytest.mark.parametrize(
    ("example", "sentence"),
    [
        ({"waveform": np.zeros((1, 8))}, r"holds \['waveform'\].*takes \['images'\]"),
        ({"images": np.zeros((1, 5, 4, 1))}, r"shape \(1, 5, 4, 1\).*\(None, 4, 4, 1\)"),
        ({"images": np.zeros((0, 4, 4, 1))}, "at least one example"),
    ],
)
def test_an_example_that_does_not_fit_is_refused(example, sentence, tiny, tmp_path):
    with pytest.raises(ValueError, match=sentence):
        export(tiny, tmp_path / "model", "saved_model", example)


def test_inputs_of_different_batch_sizes_are_refused(encoders, tmp_path):
    example = {"waveform": np.zeros((2, 320)), "padding_mask": np.ones((1, 320))}
    with pytest.raises(ValueError, match="number of examples"):
        export(encoders["audio"], tmp_path / "model", "saved_model", example)


def test_every_public_name_stands_for_something_and_no_other_does():
    assert all(getattr(deploy, name) is not None for name in deploy.__all__)
    with pytest.raises(AttributeError, match="no attribute export_coreml"):
        _ = deploy.export_coreml
