"""SavedModels that are sent files and texts."""

import argparse
import base64
import dataclasses
import hashlib
import io
import json
import re
import runpy
import subprocess

import keras
import numpy as np
import pytest
import soundfile
import tensorflow as tf
from PIL import Image

from mmssl.commands import export as command
from mmssl.deploy import raw
from mmssl.deploy.checked import ExportMismatchError
from mmssl.deploy.raw import export_raw, export_raw_classifier
from mmssl.deploy.versions import version_folder
from mmssl.encoders import cut
from tests.deploy.conftest import RAW_KINDS, raw_run, run_with
from tests.tolerances import NETWORK, assert_close


def saved(run):
    """Exports a run: (result, loaded)."""
    result = export_raw(run)
    return result, tf.saved_model.load(str(result.path))


def wav(samples, rate=8000, channels=1, subtype="PCM_16"):
    file = io.BytesIO()
    wave = np.random.default_rng(samples).uniform(-0.5, 0.5, (samples, channels))
    soundfile.write(file, wave, rate, format="WAV", subtype=subtype)
    return file.getvalue()


def picture(form, width, height):
    file = io.BytesIO()
    pixels = np.random.default_rng(width).integers(0, 256, (height, width, 3), "uint8")
    Image.fromarray(pixels).save(file, form)
    return file.getvalue()


SENT = {
    "sounds": [wav(1), wav(3001, 44100, 2, "PCM_24"), wav(2000, 16000, 1, "FLOAT"), wav(900)],
    "pictures": [picture("JPEG", 30, 20), picture("WEBP", 9, 40), picture("BMP", 1, 1)],
    "texts": [b"a", "Ünïcode, and a long text. ".encode() * 20, b"two words"],
}


def vectors_of_the_run(kind, run, folder):
    source = [text.decode() for text in SENT["texts"]]
    if kind != "texts":
        source = []
        for number, file in enumerate(SENT[kind]):
            name = {"sounds": "wav"}.get(kind) or ("jpg", "webp", "bmp")[number]
            (folder / f"{number}.{name}").write_bytes(file)
        source = str(folder)
    batch = next(iter(run.data.examples(source, batch_size=len(SENT[kind]))))
    return run.encoder(batch)["embedding"]


@pytest.mark.parametrize("kind", RAW_KINDS)
def test_files_and_texts_have_the_vectors_of_the_run(kind, exported_raw, tmp_path):
    run, (result, loaded) = exported_raw(kind, saved)
    embed = loaded.signatures["serving_default"]
    (name,) = embed.structured_input_signature[1]
    found = embed(**{name: tf.constant(SENT[kind])})
    assert set(found) == {"embedding"}
    assert_close(found["embedding"], vectors_of_the_run(kind, run, tmp_path), NETWORK)
    assert result.path.name == "1"


@pytest.mark.parametrize("kind", RAW_KINDS)
def test_one_alone_and_none_at_all_are_batches_too(kind, exported_raw):
    run, (_, loaded) = exported_raw(kind, saved)
    embed = loaded.signatures["serving_default"]
    (name,) = embed.structured_input_signature[1]
    width = run.encoder.output["embedding"].shape[-1]
    together = embed(**{name: tf.constant(SENT[kind])})["embedding"]
    alone = embed(**{name: tf.constant(SENT[kind][:1])})["embedding"]
    assert_close(alone[0], together[0], NETWORK)
    assert embed(**{name: tf.zeros([0], tf.string)})["embedding"].shape == (0, width)
    tensors = loaded.signatures["embed"]
    specs = tensors.structured_input_signature[1]
    nothing = {
        key: tf.zeros([0, *(size or 0 for size in spec.shape[1:])], spec.dtype)
        for key, spec in specs.items()
    }
    assert tensors(**nothing)["embedding"].shape == (0, width)


@pytest.mark.parametrize("kind", RAW_KINDS)
def test_no_graph_calls_python(kind, exported_raw):
    _, (_, loaded) = exported_raw(kind, saved)
    graph = loaded.signatures["serving_default"].graph.as_graph_def()
    used = {n.op for n in graph.node} | {n.op for f in graph.library.function for n in f.node_def}
    assert not [op for op in used if "PyFunc" in op]


@pytest.mark.parametrize(
    ("kind", "sent", "reason"),
    [
        ("sounds", b"fLaC" + bytes(50), "MP3, FLAC and Ogg cannot: send WAV"),
        ("pictures", b"hello", "send JPEG, PNG, BMP, GIF or WebP"),
        ("texts", b"\xff\xfe", "it is not UTF-8 text"),
        ("texts", b" \n", "no text"),
    ],
)
def test_what_cannot_be_read_is_refused_and_the_next_request_is_answered(
    kind, sent, reason, exported_raw
):
    _, (_, loaded) = exported_raw(kind, saved)
    embed = loaded.signatures["serving_default"]
    (name,) = embed.structured_input_signature[1]
    with pytest.raises(tf.errors.InvalidArgumentError, match=reason):
        embed(**{name: tf.constant([SENT[kind][0], sent])})
    assert len(embed(**{name: tf.constant(SENT[kind][:1])})["embedding"]) == 1


@pytest.mark.parametrize("kind", RAW_KINDS)
def test_the_manifest_says_what_there_is(kind, exported_raw):
    run, (result, loaded) = exported_raw(kind, saved)
    manifest = json.loads((result.path / "manifest.json").read_text())
    assert set(manifest["signatures"]) == set(loaded.signatures)
    for name, described in manifest["signatures"].items():
        specs = loaded.signatures[name].structured_input_signature[1]
        assert {key: spec["shape"] for key, spec in described["inputs"].items()} == {
            key: spec.shape.as_list() for key, spec in specs.items()
        }
    assert manifest["dimension"] == run.encoder.output["embedding"].shape[-1]
    assert (manifest["step"], manifest["layer"], manifest["part"]) == (7, None, "encoder")
    assert manifest["versions"]["tensorflow"] == tf.__version__
    files = {str(p.relative_to(result.path)) for p in result.path.rglob("*") if p.is_file()}
    assert set(manifest["sha256"]) == files - {"README.md", "manifest.json"}
    for name, checksum in manifest["sha256"].items():
        assert hashlib.sha256((result.path / name).read_bytes()).hexdigest() == checksum


def blocks(page, language):
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


@pytest.mark.parametrize("kind", ["sounds", "texts"])  # pictures are sent as sounds are
def test_the_requests_of_the_readme_work(kind, exported_raw, tmp_path, monkeypatch, capsys):
    run, (result, loaded) = exported_raw(kind, saved)
    page = (result.path / "README.md").read_text()
    (tmp_path / "clip.wav").write_bytes(SENT["sounds"][1])
    (tmp_path / "photo.jpg").write_bytes(SENT["pictures"][0])
    monkeypatch.chdir(tmp_path)
    # What curl would send, row by row, as TensorFlow Serving reads it.
    command = (
        blocks(page, "sh")[1].replace("curl -d @-", "cat #").replace("curl -d", "printf '%s\\n'")
    )
    printed = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    sent = [_from_json(row) for row in json.loads(printed.stdout.splitlines()[0])["instances"]]
    embed = loaded.signatures["serving_default"]
    (name,) = embed.structured_input_signature[1]
    width = run.encoder.output["embedding"].shape[-1]
    assert embed(**{name: tf.constant(sent)})["embedding"].shape == (1, width)
    (tmp_path / "alone.py").write_text(blocks(page, "python")[1])
    runpy.run_path(str(tmp_path / "alone.py"))
    assert capsys.readouterr().out == f"(1, {width})\n"


def _from_json(row):
    return base64.b64decode(row["b64"]) if isinstance(row, dict) else row


def test_a_block_is_exported(tmp_path):
    run = raw_run("texts", tmp_path)
    result = export_raw(run, layer="block_1")
    assert result.path == tmp_path / "serving" / "1"
    embed = tf.saved_model.load(str(result.path)).signatures["serving_default"]
    found = embed(text=tf.constant(SENT["texts"]))["embedding"]
    expected = cut(run.encoder, "block_1")(run.data.encode(tf.constant(SENT["texts"])))["embedding"]
    assert_close(found, expected, NETWORK)
    assert json.loads((result.path / "manifest.json").read_text())["layer"] == "block_1"


def test_a_classifier_gives_probabilities_as_well(tmp_path):
    run = raw_run("texts", tmp_path)
    embedding = run.encoder.output["embedding"]
    probabilities = keras.layers.Dense(3, activation="softmax")(embedding)
    outputs = {"probabilities": probabilities, "embedding": embedding}
    classifier = keras.Model(run.encoder.input, outputs)
    classifier.save(run.files.classifier)
    result = export_raw_classifier(run)
    embed = tf.saved_model.load(str(result.path)).signatures["serving_default"]
    found = embed(text=tf.constant(SENT["texts"]))
    expected = classifier(run.data.encode(tf.constant(SENT["texts"])))
    assert_close(found["probabilities"], expected["probabilities"], NETWORK)
    assert set(found) == {"probabilities", "embedding"}


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"format": "onnx", "part": "encoder"}, "--format saved_model or litert, not for onnx"),
        ({"format": "saved_model", "part": "generator"}, "an encoder or a classifier"),
    ],
)
def test_raw_inputs_are_for_saved_models_and_litert_files_of_encoders(
    asked, reason, tmp_path, monkeypatch
):
    monkeypatch.setattr(command.arguments, "run_of", lambda options: run_with(tmp_path, None))
    with pytest.raises(ValueError, match=reason):
        command.run(argparse.Namespace(inputs="raw", out=None, **asked))


def test_an_export_that_computes_something_else_is_not_kept(tmp_path, monkeypatch):
    run = raw_run("texts", tmp_path)
    texts = raw.raw_inputs(run.data)

    def others(batch):
        inputs = texts.function(batch)
        return {**inputs, "token_ids": inputs["token_ids"] // 2}

    changed = dataclasses.replace(texts, function=others)
    monkeypatch.setattr(raw, "raw_inputs", lambda _: changed)
    with pytest.raises(ExportMismatchError):
        export_raw(run)
    assert not (tmp_path / "serving" / "1").exists()


def test_the_next_version_has_the_next_number(tmp_path):
    assert version_folder(tmp_path / "models") == tmp_path / "models" / "1"
    for name in ("1", "9", "10", "notes", ".beside-x"):
        (tmp_path / "models" / name).mkdir(parents=True)
    assert version_folder(tmp_path / "models") == tmp_path / "models" / "11"
    assert version_folder(tmp_path / "models" / "3") == tmp_path / "models" / "3"


def test_no_version_is_replaced(tmp_path):
    (tmp_path / "models" / "3").mkdir(parents=True)
    with pytest.raises(ValueError, match="exists, and versions are not replaced"):
        version_folder(tmp_path / "models" / "3")
    (tmp_path / "models" / "saved_model.pb").write_bytes(b"")
    with pytest.raises(ValueError, match="no folder of numbered versions"):
        version_folder(tmp_path / "models")
