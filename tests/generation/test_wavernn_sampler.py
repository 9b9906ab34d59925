import keras
import numpy as np
import pytest

from mmssl.encoders import wavernn_encoder
from mmssl.generation import WaveRNNSampler
from mmssl.methods.wavernn import WaveRNN
from tests.tolerances import assert_within, share_margin


def wavernn():
    """A small one whose logits differ much."""
    keras.utils.set_random_seed(0)
    method = WaveRNN(wavernn_encoder(12))
    draw = np.random.default_rng(0)
    for logits in method.logits.values():
        logits.kernel.assign(draw.normal(size=logits.kernel.shape))
    return method


def prompt(sampler, rows=3, length=6):
    codes = np.random.default_rng(0).integers(0, 256, (rows, length, 2), "int32")
    return np.stack([sampler.context(row) for row in codes])


def test_at_temperature_0_each_byte_is_the_likeliest_after_those_before():
    method = wavernn()
    sampler = WaveRNNSampler(method)
    start = prompt(sampler)
    drawn = sampler.generate(start, 60, temperature=0)
    # The network itself puts silence before the first sample.
    whole = np.concatenate([start[:, 1:], drawn], axis=1)
    batch = {"waveform": sampler.decode(whole), "padding_mask": np.ones(whole.shape[:2], "int32")}
    outputs = method(batch)
    for number, name in enumerate(("coarse", "fine")):
        likeliest = np.asarray(outputs[f"{name}_logits"])[:, 6:].argmax(axis=-1)
        np.testing.assert_array_equal(drawn[..., number], likeliest)


def test_chunks_change_nothing_about_what_the_likeliest_bytes_are():
    method, seen = wavernn(), []
    whole = WaveRNNSampler(method).generate(prompt(WaveRNNSampler(method)), 60, temperature=0)
    sampler = WaveRNNSampler(method)
    sampler._loop.chunk = 16
    parts = sampler.generate(
        prompt(sampler), 60, temperature=0, progress=lambda *done: seen.append(done)
    )
    np.testing.assert_array_equal(parts, whole)
    assert seen == [(16, 66), (32, 66), (48, 66), (64, 66), (66, 66)]


def test_both_bytes_follow_their_distribution_and_the_seed():
    method = wavernn()
    shares = np.zeros((2, 256))
    shares[:, [3, 200]] = 0.5
    for logits, of_byte in zip(method.logits.values(), shares, strict=True):
        logits.kernel.assign(np.zeros(logits.kernel.shape))
        logits.bias.assign(np.log(of_byte + 1e-30))
    sampler = WaveRNNSampler(method)
    start = prompt(sampler, 8, 1)
    drawn = sampler.generate(start, 500)
    for number, of_byte in enumerate(shares):
        counts = np.bincount(drawn[..., number].ravel(), minlength=256) / (8 * 500)
        assert_within(counts, of_byte, share_margin(0.5, 8 * 500))
    # The two bytes have noise of their own.
    assert abs(np.mean((drawn == 3).all(axis=-1)) - 0.25) < share_margin(0.5, 8 * 500)
    np.testing.assert_array_equal(sampler.generate(start, 500), drawn)
    assert (sampler.generate(start, 500, seed=1) != drawn).any()


def test_samples_are_what_their_bytes_say():
    sampler = WaveRNNSampler(wavernn())
    waveform = np.arange(-32768, 32768, dtype="float32") / 32768
    codes = sampler.encode(waveform)
    np.testing.assert_array_equal(sampler.decode(codes), waveform)
    np.testing.assert_array_equal(sampler.context(codes[:2]), [(128, 0), (0, 0), (0, 1)])


def test_an_empty_prompt_is_refused():
    with pytest.raises(ValueError, match="both 1 or more"):
        WaveRNNSampler(wavernn()).generate(np.zeros((1, 0, 2)), 3)
