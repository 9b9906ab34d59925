"""LiteRT files that take samples and pixels."""

import re
import runpy
import wave
from pathlib import Path

import keras
import numpy as np
import pytest

from mmssl.deploy import raw_litert
from mmssl.deploy.checked import ExportMismatchError
from mmssl.deploy.quantized import export_quantized
from mmssl.deploy.raw_litert import export_raw_litert, export_raw_litert_classifier
from mmssl.deploy.reader import load_exported
from mmssl.pipelines.audio import AudioWindows
from mmssl.pipelines.images import ImageCrops
from mmssl.pipelines.images.resampling import center_crop
from tests.deploy.conftest import SIZE, computed_in_integers, raw_run, run_with, skip_without
from tests.tolerances import NETWORK, assert_close

PAGE = Path(__file__).parents[2] / "docs" / "deployment.md"
DRAW = np.random.default_rng(0)
SENT = {
    "sounds": [DRAW.integers(-9000, 9000, length, "int16") for length in (4001, 1)],
    "pictures": [DRAW.integers(0, 256, (*size, 3), "uint8") for size in ((50, 30), (3, 7))],
}
DATA = {
    "sounds": lambda: AudioWindows(
        [DRAW.integers(-9000, 9000, 3000 + n, "int16") for n in range(10)],
        window=2000,
        batch_size=2,
    ),
    "pictures": lambda: ImageCrops(
        [DRAW.integers(0, 256, (20 + n, 30, 3), "uint8") for n in range(10)],
        size=SIZE,
        batch_size=2,
    ),
}
NAMES = {"sounds": "pcm", "pictures": "pixels"}


@pytest.fixture(autouse=True)
def _installed():
    skip_without("litert")


def of_the_run(run, item):
    return run.encoder(next(iter(run.data.examples([item], batch_size=1))))


@pytest.mark.parametrize("kind", SENT)
def test_samples_and_pixels_have_the_vectors_of_the_run(kind, exported_raw):
    run, result = exported_raw(kind, export_raw_litert)
    assert result.path == run.folder / "encoder_raw.tflite"
    embed = load_exported(result.path)
    for item in SENT[kind]:
        found, expected = embed({NAMES[kind]: item[None]}), of_the_run(run, item)
        assert set(found) == set(expected)
        for name, value in expected.items():
            assert_close(found[name], value, NETWORK)


@pytest.mark.parametrize("kind", SENT)
def test_the_example_of_the_page_runs_with_the_runtime_alone(
    kind, exported_raw, tmp_path, monkeypatch
):
    run, result = exported_raw(kind, export_raw_litert)
    section = PAGE.read_text().partition("### Samples and pixels")[2].partition("\n##")[0]
    (example,) = (
        block
        for block in re.findall(r"```python\n(.*?)```", section, re.DOTALL)
        if f"embed({NAMES[kind]}=" in block
    )
    assert set(re.findall(r"^(?:from|import) (\w+)", example, re.MULTILINE)) <= {
        "ai_edge_litert",
        "numpy",
        "wave",
    }
    monkeypatch.chdir(tmp_path)
    for name in re.findall(r'model_path="(.+?)"', example):
        (tmp_path / name).write_bytes(result.path.read_bytes())
    with wave.open(str(tmp_path / "clip.wav"), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(SENT["sounds"][0].tobytes())
    vector = runpy.run_path(str(_written(tmp_path / "example.py", example)))["vector"]
    assert vector.shape == run.encoder.output["embedding"].shape[1:]
    if kind == "sounds":
        assert_close(vector, of_the_run(run, SENT[kind][0])["embedding"][0], NETWORK)


def _written(path, text):
    path.write_text(text)
    return path


def test_a_classifier_gives_probabilities_as_well(tmp_path):
    run = raw_run("pictures", tmp_path)
    embedding = run.encoder.output["embedding"]
    probabilities = keras.layers.Dense(3, activation="softmax")(embedding)
    outputs = {"probabilities": probabilities, "embedding": embedding}
    run.encoder = keras.Model(run.encoder.input, outputs)
    run.encoder.save(run.files.classifier)
    path = export_raw_litert_classifier(run).path
    item = SENT["pictures"][0]
    found, expected = load_exported(path)({"pixels": item[None]}), of_the_run(run, item)
    assert_close(found["probabilities"], expected["probabilities"], NETWORK)


def test_a_file_that_sees_something_else_is_not_kept(exported_raw, tmp_path, monkeypatch):
    encoder = exported_raw("pictures", export_raw_litert)[0].encoder
    run, arrays = run_with(tmp_path, encoder), raw_litert.arrays
    run.pipeline = ImageCrops(size=SIZE)

    def darker(pipeline, item, max_length=None):
        return {"images": center_crop(item // 2, pipeline.size)}

    monkeypatch.setattr(raw_litert, "arrays", lambda data: arrays(data)[:1])
    monkeypatch.setattr(ImageCrops, "inputs", darker)
    with pytest.raises(ExportMismatchError):
        export_raw_litert(run)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def in_integers(exported_raw, tmp_path_factory):
    """Exports each kind once: (run, result)."""
    found = {}

    def get(kind):
        if kind not in found:
            encoder = exported_raw(kind, export_raw_litert)[0].encoder
            run = run_with(tmp_path_factory.mktemp(kind), encoder)
            run.pipeline = DATA[kind]()
            found[kind] = run, export_quantized(run, "int8", inputs="raw", items=4)
        return found[kind]

    return get


@pytest.mark.parametrize("kind", SENT)
def test_a_smaller_file_takes_them_too(kind, in_integers):
    run, result = in_integers(kind)
    assert result.path == run.folder / "encoder_raw_int8.tflite"
    assert 0.99 < result.min_cosine < 1
    item = SENT[kind][0]
    found = load_exported(result.path)({NAMES[kind]: item[None]})["embedding"][0]
    expected = np.asarray(of_the_run(run, item)["embedding"])[0]
    assert found @ expected / np.linalg.norm(found) / np.linalg.norm(expected) > 0.99


def test_pictures_are_resized_in_floats(in_integers):
    _, result = in_integers("pictures")
    assert "CONV_2D" in computed_in_integers(result.path)
    assert "BATCH_MATMUL" not in computed_in_integers(result.path)


@pytest.mark.parametrize(
    "export", [export_raw_litert, lambda run: export_quantized(run, "int8", inputs="raw")]
)
def test_texts_are_refused(export, tmp_path):
    with pytest.raises(ValueError, match="no operations that split texts into tokens"):
        export(raw_run("texts", tmp_path))


def test_an_unknown_kind_of_inputs_is_answered_with_the_known_ones(tmp_path):
    with pytest.raises(ValueError, match="inputs='pcm' must be one of tensors, raw"):
        export_quantized(raw_run("pictures", tmp_path), "int8", inputs="pcm")
