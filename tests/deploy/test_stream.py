import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from mmssl.cli import main
from mmssl.deploy.checked import ExportMismatchError
from mmssl.deploy.step import step_model
from mmssl.deploy.stream import Stream, export_stream, write_stream
from mmssl.encoders import conv_encoder, cpc_encoder, cut, reach, spectrogram_encoder
from tests.deploy.conftest import run_with, skip_without
from tests.tolerances import NETWORK, assert_close, assert_within, multiples

DOCS = Path(__file__).parents[2] / "docs"
NAMES = {"saved_model": "stream", "litert": "stream.tflite"}
STREAMS = {"saved_model": 2, "litert": 1}
ENCODERS = {
    "cpc": lambda: cpc_encoder(8, 6, (5, 4), (10, 8)),
    "cpc as loud as it is": lambda: cpc_encoder(8, 6, (5, 4), (10, 8), normalize_level=False),
    "spectrogram": lambda: spectrogram_encoder(8000, 16, 64, 16, (4, 6)),
}


@pytest.fixture(scope="module")
def streams(tmp_path_factory):
    """Exports a step once: (encoder, format) to the encoder, its hop and the path."""
    folder, done = tmp_path_factory.mktemp("streams"), {}

    def get(kind, format):
        skip_without(format)
        if (kind, format) not in done:
            keras.utils.set_random_seed(0)
            encoder = ENCODERS[kind]()
            path = write_stream(encoder, folder / kind / NAMES[format], format).path
            done[kind, format] = encoder, reach(encoder).hop, path
        return done[kind, format]

    return get


def sound(streams, length, seed=0):
    draw = np.random.default_rng(seed)
    return draw.normal(0, 0.1, (streams, length)).astype("float32")


def whole(encoder, waveform):
    mask = np.ones(waveform.shape, "int32")
    return np.asarray(encoder({"waveform": waveform, "padding_mask": mask})["features"])


@pytest.mark.parametrize("format", NAMES)
@pytest.mark.parametrize("kind", ENCODERS)
def test_chunks_of_any_length_have_the_features_of_the_whole_recording(kind, format, streams):
    encoder, hop, path = streams(kind, format)
    waveform = sound(STREAMS[format], 31 * hop + 7)
    level = np.sqrt(np.mean(waveform**2, axis=1))
    stream = Stream(path, hop, level, len(waveform))
    ends = np.cumsum([1, hop - 2, 3 * hop, 0, 5, hop, 11 * hop + 3])
    parts = [stream(chunk) for chunk in np.split(waveform, ends, axis=1)]
    assert [len(part[0]) for part in parts] == [0, 0, 3, 0, 1, 1, 11, 15]
    assert_close(np.concatenate(parts, axis=1), whole(encoder, waveform), NETWORK)


def test_a_stream_that_is_reset_begins_anew(streams):
    _, hop, path = streams("cpc", "saved_model")
    stream, waveform = Stream(path, hop), sound(1, 4 * hop)
    first = stream(waveform)
    assert not np.array_equal(stream(waveform), first)
    stream(waveform[:, :3])
    stream.reset()
    np.testing.assert_array_equal(stream(waveform), first)


def test_sound_is_heard_at_the_level_that_is_told(streams):
    _, hop, path = streams("cpc", "saved_model")
    waveform = sound(1, 4 * hop)
    told = Stream(path, hop, 0.2)(waveform)
    assert_close(Stream(path, hop, 0.4)(2 * waveform), told, NETWORK)
    assert multiples(Stream(path, hop, 0.4)(waveform), told) > 8 * NETWORK
    _, hop, path = streams("cpc as loud as it is", "saved_model")
    np.testing.assert_array_equal(Stream(path, hop, 1)(waveform), Stream(path, hop, 2)(waveform))


def test_a_step_ends_after_the_block_that_is_asked_for(tmp_path):
    encoder = ENCODERS["cpc"]()
    result = export_stream(run_with(tmp_path, encoder), "saved_model", layer="block_2")
    assert result.path == tmp_path / "stream"
    waveform, hop = sound(1, 100), 20
    level = np.sqrt(np.mean(waveform**2, axis=1))
    found = Stream(result.path, hop, level)(waveform)
    assert_close(found, whole(cut(encoder, "block_2"), waveform), NETWORK)


def test_the_example_of_a_microphone_prints_what_a_stream_computes(streams):
    _, hop, path = streams("cpc", "litert")
    samples = np.random.default_rng(0).integers(-9000, 9000, 30 * hop + 5).astype("<i2")
    done = subprocess.run(
        [sys.executable, DOCS / "listen.py", path, str(hop), "0.05"],
        input=samples.tobytes(),
        capture_output=True,
        check=True,
    )
    found = np.array([line.split() for line in done.stdout.decode().splitlines()], float)
    expected = Stream(path, hop, 0.05)(samples[None] / 32768)[0, 9::10]
    assert_within(found, expected[:, :8], 0.001)  # printed with three digits


def test_a_step_that_computes_something_else_is_not_kept(tmp_path, monkeypatch):
    reset = Stream.reset

    def begin_elsewhere(stream):
        reset(stream)
        stream._state = {name: value + 1 for name, value in stream._state.items()}

    monkeypatch.setattr(Stream, "reset", begin_elsewhere)
    with pytest.raises(ExportMismatchError, match="features"):
        write_stream(ENCODERS["cpc"](), tmp_path / "stream", "saved_model")
    assert list(tmp_path.iterdir()) == []


def of_sound(*layers, reshaped=True):
    """A model of sound whose features are what layers make of its frames (B, T, 1)."""
    waveform = keras.Input((None,), name="waveform")
    mask = keras.Input((None,), dtype="int32", name="padding_mask")
    x = keras.layers.Reshape((-1, 1))(waveform) if reshaped else waveform[..., None]
    for layer in layers:
        x = layer(x)
    return keras.Model({"waveform": waveform, "padding_mask": mask}, {"features": x})


def padded(before_and_after, **options):
    layers = keras.layers
    return of_sound(layers.ZeroPadding1D(before_and_after), layers.Conv1D(4, 4, 2, **options))


REFUSED = {
    "takes images": lambda: conv_encoder(16, (4, 4), (1, 1), (2, 2), (1, 1)),
    "is a Bidirectional": lambda: of_sound(keras.layers.Bidirectional(keras.layers.GRU(2))),
    "outside of its layers": lambda: of_sound(keras.layers.ReLU(), reshaped=False),
    "pads the end": lambda: padded((1, 1)),
    "has 4 taps, stride 2, padding 'valid' and 1 zeros": lambda: padded((1, 0)),
    "padding 'same'": lambda: padded((2, 0), padding="same"),
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_an_encoder_that_does_not_stream_is_refused_with_the_reason(sentence):
    with pytest.raises(ValueError, match=sentence):
        step_model(REFUSED[sentence]())


def test_what_a_step_cannot_take_is_refused(streams, tmp_path, capsys, sound_run):
    _, hop, path = streams("cpc", "saved_model")
    with pytest.raises(ValueError, match=r"shape \(40,\), but this stream takes \(1, T\)"):
        Stream(path, hop)(np.zeros(40))
    with pytest.raises(ValueError, match=r"shape \(2, 40\)"):
        Stream(path, hop)(np.zeros((2, 40)))
    assert main(["export", str(sound_run.folder), "--format", "onnx", "--part", "stream"]) == 2
    assert "saved_model or litert; got 'onnx'" in capsys.readouterr().err
