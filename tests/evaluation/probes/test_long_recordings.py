"""Recordings that are embedded in windows."""

import keras
import numpy as np
import pytest

from mmssl.encoders import (
    cpc_encoder,
    reach,
    spectrogram_encoder,
    wav2vec_encoder,
    wavenet_encoder,
    wavernn_encoder,
)
from mmssl.encoders.parts.whitening import Whitening, whitened
from mmssl.evaluation.probes.features import Embedder, embed
from mmssl.evaluation.probes.long_recordings import embed_recording, windows
from mmssl.pipelines.audio import AudioWindows
from mmssl.pipelines.audio.budget import SAMPLES
from mmssl.pipelines.audio.recordings import Whole
from tests.tolerances import NETWORK, SUM, TRAINING, assert_close, multiples

TINY = {"width": 16, "depth": 1, "num_heads": 2, "mlp_dim": 16, "position_groups": 2}
ENCODERS = {
    "cpc": lambda: cpc_encoder(8, 8, (4, 4), (8, 4)),
    "spectrogram": lambda: spectrogram_encoder(8000, 16, 256, 128, (4, 8)),
    "wav2vec": lambda: wav2vec_encoder(8, (10, 4), (5, 4), position_depth=1, **TINY),
    "wavenet": lambda: wavenet_encoder(2, 4, 8, 8, 16),
    "wavernn": lambda: wavernn_encoder(8),
}
PIPELINE = AudioWindows("nowhere")


def recording(samples):
    """Noise whose level rises, around a constant, so that no window is like the whole."""
    noise = np.random.default_rng(0).normal(0, 0.1, samples)
    return (noise * np.linspace(0.1, 2, samples) + 0.05).astype("float32")


def example(wave):
    return {"waveform": wave[None], "padding_mask": np.ones((1, len(wave)), "int32")}


def whole(embedder, wave):
    return next(embedder.batches([example(wave)]))


@pytest.mark.parametrize("kind", ["cpc", "spectrogram", "wavenet", "wavernn"])
def test_windows_give_the_embedding_of_the_whole_recording_at_every_block(kind):
    keras.utils.set_random_seed(0)
    embedder, wave = Embedder(ENCODERS[kind](), "all"), recording(30_011)
    found = embed_recording(Whole(wave), PIPELINE.inputs, **embedder.windowed, samples=10_000)
    for name, expected in whole(embedder, wave).items():
        assert_close(found[name], expected, NETWORK)


def test_where_frames_attend_to_each_other_windows_give_another_embedding():
    embedder, wave = Embedder(ENCODERS["wav2vec"]()), recording(30_011)
    found = embed_recording(Whole(wave), PIPELINE.inputs, **embedder.windowed, samples=10_000)
    assert multiples(found["embedding"], whole(embedder, wave)["embedding"]) > TRAINING


@pytest.mark.parametrize("length", [2_000, 9_999, 10_000, 29_990, 30_011])
@pytest.mark.parametrize("kind", ENCODERS)
def test_every_frame_counts_in_one_window(kind, length):
    encoder = ENCODERS[kind]()
    reached = reach(encoder)
    cut = windows(length, reached, 10_000)
    own = [window.size - window.lead - reached.ahead for window in cut]
    first = [window.start + window.lead for window in cut]
    assert first == np.cumsum([0, *own[:-1]]).tolist()
    assert all(start % reached.hop == 0 for start in first)
    frames = encoder.compute_output_shape({name: (1, length) for name in encoder.input})[
        "features"
    ][1]
    assert sum(samples // reached.hop for samples in own) == frames


def test_items_of_all_lengths_are_embedded_in_order_and_within_the_budget(monkeypatch):
    encoder = cpc_encoder(2, 2)
    clips = [recording(n) for n in (900, 2 * SAMPLES, 400, SAMPLES)]
    expected = np.concatenate([embed(encoder, [example(clip)]) for clip in clips])
    embedder, seen = Embedder(encoder), []
    embedded = embedder._embedded

    def spied(forward, batch):
        seen.append(np.size(batch["waveform"]))
        return embedded(forward, batch)

    monkeypatch.setattr(embedder, "_embedded", spied)
    source = PIPELINE.open(clips)
    assert_close(embedder.source(PIPELINE, source)["embedding"], expected, NETWORK)
    assert max(seen) <= SAMPLES
    assert len(seen) == 2 + 3


def test_long_recordings_are_whitened_as_a_whole():
    plain, draw = cpc_encoder(2, 2), np.random.default_rng(0).normal
    shapes = ((plain.output["embedding"].shape[-1],), (plain.output["embedding"].shape[-1], 3))
    whitening = Whitening(*(draw(size=shape).astype("float32") for shape in shapes))
    source = PIPELINE.open([recording(900), recording(2 * SAMPLES)])
    vectors = Embedder(plain).source(PIPELINE, source)["embedding"]
    embedder = Embedder(whitened(plain, whitening))
    assert embedder.width == 3
    found = embedder.source(PIPELINE, source)["embedding"]
    assert_close(found, whitening(vectors), SUM)
