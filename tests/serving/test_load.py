"""What can be served: runs, SavedModels, and numbered versions of them."""

import base64
import io
import shutil

import numpy as np
import pytest
import soundfile
import tensorflow as tf

from mmssl.cli import main
from mmssl.serving.load import load_model, load_models
from tests.tolerances import NETWORK, assert_close


def test_a_folder_of_versions_serves_the_highest(half_plus_two):
    model = load_model(half_plus_two)
    assert (model.name, model.version) == ("half_plus_two", 123)
    assert set(model.signatures) == {"serving_default", "both", "echo", "positive"}


def test_a_version_is_named_after_the_folder_above(half_plus_two):
    model = load_model(half_plus_two / "9")
    assert (model.name, model.version) == ("half_plus_two", 9)
    assert load_model(half_plus_two / "9", "other").name == "other"


def test_a_run_is_served_files_and_tensors(sound_run, serving):
    told = []
    model = load_model(sound_run.folder, announce=told.append)
    assert told == [f"exporting {sound_run.folder}, which is checked before it is served"]
    assert (model.name, model.version, model.modality) == ("cpc", 1, "waveform")
    assert model.sample_rate == sound_run.data.sample_rate
    stereo, file = np.random.default_rng(0).normal(0, 0.1, (44100, 2)), io.BytesIO()
    soundfile.write(file, stereo, 44100, format="WAV")
    files = [{"b64": base64.b64encode(data).decode()} for data in (file.getvalue(), b"Some text.")]
    tensors = {"waveform": [[0.1] * 4000], "padding_mask": [[1] * 4000]}
    with serving(model) as client:
        path = "/v1/models/cpc:predict"
        heard = client.post(path, json={"instances": files[:1]})
        text = client.post(path, json={"instances": files[1:]})
        embedded = client.post(path, json={"signature_name": "embed", "inputs": tensors})
    width = sound_run.encoder.output["embedding"].shape[-1]
    assert np.shape(heard.json()["predictions"]) == (1, width)
    assert np.isfinite(heard.json()["predictions"]).all()
    assert text.status_code == 400
    assert "takes encoded recordings; a value of 10 bytes" in text.json()["error"]
    assert set(embedded.json()["outputs"]) == {"embedding", "features"}


def test_a_run_is_served_files_as_they_are(sound_run, tmp_path):
    rate, draw = 3 * sound_run.data.sample_rate, np.random.default_rng(0)
    soundfile.write(tmp_path / "stereo.wav", draw.uniform(-0.5, 0.5, (rate, 2)), rate)
    model = load_model(sound_run.folder)
    sent = np.array([(tmp_path / "stereo.wav").read_bytes()], object)
    served = model.signatures["serving_default"]({"bytes": sent})["embedding"]
    batch = next(iter(sound_run.data.examples(str(tmp_path))))
    expected = sound_run.deployed_encoder(sound_run.layer)(batch)["embedding"]
    assert_close(served, expected, NETWORK, np.abs(expected).max())


def test_the_manifest_of_an_export_states_the_sample_rate(half_plus_two, tmp_path):
    shutil.copytree(half_plus_two / "9", tmp_path / "1")
    assert load_model(tmp_path).sample_rate is None
    (tmp_path / "1" / "manifest.json").write_text('{"input": {"sample_rate": 16000}}')
    assert load_model(tmp_path).sample_rate == 16000
    for other in ('{"name": "of another program"}', "[]", "{"):
        (tmp_path / "1" / "manifest.json").write_text(other)
        with pytest.raises(ValueError, match=r"manifest\.json is damaged, or of another"):
            load_model(tmp_path)


def test_names_are_given_in_the_order_of_the_folders(half_plus_two):
    models = load_models([half_plus_two, half_plus_two / "9"], ["a", "b"])
    assert [(model.name, model.version) for model in models] == [("a", 123), ("b", 9)]
    with pytest.raises(ValueError, match=r"once a folder, .* got 1 for 2 folders"):
        load_models([half_plus_two] * 2, ["a"])


def test_what_is_nothing_to_serve_is_refused(tmp_path, capsys):
    assert main(["serve", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert "neither a run folder nor a SavedModel" in error
    assert len(error.splitlines()) == 1
    tf.saved_model.save(tf.Module(), str(tmp_path / "1"))
    with pytest.raises(ValueError, match="without signatures"):
        load_model(tmp_path)


def test_limits_are_given_on_the_command_line(half_plus_two, capsys):
    assert main(["serve", str(half_plus_two), "--queue", "0"]) == 2
    assert "queue must be above 0, got 0" in capsys.readouterr().err
    assert main(["serve", str(half_plus_two), "--batch-wait", "-1", "--port", "0"]) == 2
    assert "wait must be 0 or more, got -1" in capsys.readouterr().err
