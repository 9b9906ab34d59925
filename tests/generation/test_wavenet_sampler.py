import keras
import numpy as np
import pytest
import tensorflow as tf

from mmssl.encoders import receptive_field, wavenet_encoder
from mmssl.generation import WaveNetSampler
from mmssl.layers import mu_law_decode
from mmssl.methods.wavenet import WaveNet
from tests.tolerances import SUM, assert_close, assert_within, share_margin

LENGTH = 80


def wavenet(kernel=2, **conditions):
    """A small one whose logits differ much."""
    keras.utils.set_random_seed(0)
    method = WaveNet(wavenet_encoder(2, 3, 8, 8, 16, kernel_size=kernel, **conditions))
    kernel = method.logits.kernel
    kernel.assign(np.random.default_rng(0).normal(size=kernel.shape))
    return method


def codes(rows=3, length=LENGTH):
    return np.random.default_rng(0).integers(0, 256, (rows, length), "int32")


def full_logits(method, known, **given):
    waveform = np.asarray(mu_law_decode(known))
    batch = {"waveform": waveform, "padding_mask": np.ones_like(known), **given}
    return np.asarray(method(batch)["logits"])


def told(rows=3):
    log_mel = np.random.default_rng(1).uniform(0, 1, (rows, LENGTH // 8, 2)).astype("float32")
    return {"speaker": np.arange(rows, dtype="int32"), "log_mel": log_mel}


@pytest.mark.parametrize("kernel", [2, 3])
def test_cached_logits_are_those_of_the_whole_network(kernel):
    method, known = wavenet(kernel), codes(length=LENGTH)
    assert known.shape[1] > 2 * receptive_field(method.encoder)
    whole = full_logits(method, known)
    sampler = WaveNetSampler(method)
    queues, time = sampler.start(3)
    step = tf.function(sampler.step)
    for place in range(known.shape[1]):
        logits, queues, time = step(known[:, place], queues, time)
        assert_close(logits, whole[:, place], SUM)


def test_cached_logits_are_those_of_the_whole_conditioned_network():
    method = wavenet(num_speakers=3, num_mel_bins=2, mel_hop=8)
    known, given = codes(), told()
    whole = full_logits(method, known, **given)
    speaker, local = map(np.asarray, WaveNetSampler(method).conditions(**given))
    sampler = WaveNetSampler(method)
    queues, time = sampler.start(3)
    step = tf.function(sampler.step)
    for place in range(LENGTH):
        now = [speaker[:, 0], local[:, place]]
        logits, queues, time = step(known[:, place], queues, time, now)
        assert_close(logits, whole[:, place], SUM)


def test_there_is_one_queue_a_layer_as_long_as_its_dilation():
    assert WaveNetSampler(wavenet()).slots == 1 + 2 * (1 + 2 + 4)
    assert WaveNetSampler(wavenet(kernel=3)).slots == 1 + 2 * 2 * (1 + 2 + 4)


def test_at_temperature_0_each_code_is_the_likeliest_after_those_before():
    method, prompt = wavenet(), codes(length=7)
    drawn = WaveNetSampler(method).generate(prompt, 60, temperature=0)
    whole = full_logits(method, np.concatenate([prompt, drawn], axis=1))
    np.testing.assert_array_equal(drawn, whole[:, 6:-1].argmax(axis=-1))


def test_conditions_reach_the_compiled_loop():
    method, given = wavenet(num_speakers=3, num_mel_bins=2, mel_hop=8), told()
    conditions = WaveNetSampler(method).conditions(**given)
    start = codes(length=1)
    drawn = WaveNetSampler(method).generate(start, LENGTH - 1, 0, conditions=conditions)
    whole = full_logits(method, np.concatenate([start, drawn], axis=1), **given)
    np.testing.assert_array_equal(drawn, whole[:, :-1].argmax(axis=-1))


def test_chunks_change_nothing_about_what_the_likeliest_codes_are():
    method, prompt, seen = wavenet(), codes(length=7), []
    whole = WaveNetSampler(method).generate(prompt, 60, temperature=0)
    sampler = WaveNetSampler(method)
    sampler._loop.chunk = 16
    parts = sampler.generate(prompt, 60, temperature=0, progress=lambda *done: seen.append(done))
    np.testing.assert_array_equal(parts, whole)
    assert seen == [(16, 66), (32, 66), (48, 66), (64, 66), (66, 66)]


def test_only_the_receptive_field_of_a_prompt_matters():
    method, prompt = wavenet(), codes(length=100)
    field = receptive_field(method.encoder)
    whole, end = (WaveNetSampler(method).generate(p, 40, 0) for p in (prompt, prompt[:, -field:]))
    np.testing.assert_array_equal(whole, end)


def test_draws_follow_the_distribution_and_the_seed():
    method = wavenet()
    method.logits.kernel.assign(np.zeros(method.logits.kernel.shape))
    shares = np.zeros(256)
    shares[[3, 70, 200]] = [0.5, 0.3, 0.2]
    method.logits.bias.assign(np.log(shares + 1e-30))
    drawn = WaveNetSampler(method).generate(codes(8, 1), 1000)
    counts = np.bincount(drawn.ravel(), minlength=256) / drawn.size
    assert_within(counts, shares, share_margin(0.5, drawn.size))
    again, other = (
        WaveNetSampler(method).generate(codes(8, 1), 1000, seed=seed) for seed in (0, 1)
    )
    np.testing.assert_array_equal(again, drawn)
    assert (other != drawn).any()
    assert (drawn[0] != drawn[1]).any()
    colder = WaveNetSampler(method).generate(codes(8, 1), 1000, temperature=0.5)
    squared = shares**2 / (shares**2).sum()
    counts = np.bincount(colder.ravel(), minlength=256) / colder.size
    assert_within(counts, squared, share_margin(0.5, colder.size))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((np.zeros(5), 3), r"prompt must have shape \(B, P\)"),
        ((np.zeros((1, 0)), 3), "both 1 or more"),
        ((np.zeros((1, 1)), 0), "samples must be 1 or more"),
        ((np.zeros((1, 1)), 3, -0.1), "temperature must be 0 or more"),
    ],
)
def test_wrong_input_is_refused(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        WaveNetSampler(wavenet()).generate(*arguments)
