import numpy as np
import pytest

from mmssl.deploy.formats import export
from mmssl.deploy.reader import load_exported
from mmssl.encoders import (
    blocks,
    cpc_encoder,
    cut,
    shortest,
    spectrogram_encoder,
    spectrogram_vit_encoder,
    wav2vec_encoder,
    wavenet_encoder,
    wavernn_encoder,
)
from tests.tolerances import NETWORK, SUM, assert_close, multiples

TINY = {"width": 32, "depth": 1, "num_heads": 2, "mlp_dim": 32, "position_groups": 2}
ENCODERS = {
    "cpc": (lambda: cpc_encoder(8, 8), 160),
    "spectrogram": (lambda: spectrogram_encoder(8000, 16, 256, 128, (4, 8)), 512),
    "spectrogram_vit": (lambda: spectrogram_vit_encoder(8000, 4, 256, 128, 4, 32, 1, 2, 32), 512),
    "wav2vec": (lambda: wav2vec_encoder(8, position_depth=1, **TINY), 400),
    "wavenet": (lambda: wavenet_encoder(1, 3, 8, 8, 16), 1),
    "wavernn": (lambda: wavernn_encoder(8), 1),
}


def clip(samples, padding=0):
    wave = np.random.default_rng(0).normal(0, 0.1, (1, samples)).astype("float32")
    inputs = {"waveform": wave, "padding_mask": np.ones((1, samples), "int32")}
    return {name: np.pad(x, ((0, 0), (0, padding))) for name, x in inputs.items()}


@pytest.mark.parametrize("kind", ENCODERS)
def test_a_clip_shorter_than_a_frame_has_an_embedding_whatever_it_is_batched_with(kind):
    build, samples = ENCODERS[kind]
    encoder = build()
    assert shortest(encoder) == samples
    for model in (encoder, cut(encoder, blocks(encoder)[0])):
        alone = model(clip(50))["embedding"]
        # Several frames, of which one that is a sample takes a step of a loop each.
        longer = clip(50, padding=8 * max(samples, 50))
        assert_close(model(longer)["embedding"], alone, NETWORK)
        assert multiples(model(clip(40))["embedding"], alone) > NETWORK


@pytest.mark.parametrize("kind", ENCODERS)
def test_a_clip_of_one_frame_is_not_continued(kind):
    build, samples = ENCODERS[kind]
    encoder = build()
    for more in (0, 1):
        assert encoder(clip(samples + more))["features"].shape[1] == 1 + more * (samples == 1)


@pytest.mark.parametrize("format", ["saved_model", "litert"])
def test_an_export_takes_a_clip_shorter_than_a_frame(tmp_path, format):
    encoder = ENCODERS["spectrogram"][0]()
    path = tmp_path / ("model.tflite" if format == "litert" else "model")
    export(encoder, path, format)
    found = load_exported(path)(clip(50))
    assert_close(found["embedding"], encoder(clip(50))["embedding"], SUM)
