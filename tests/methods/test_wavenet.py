import keras
import numpy as np
import pytest
import tensorflow as tf

from mmssl.encoders import conv_encoder, wavenet_encoder
from mmssl.layers import mu_law_decode
from mmssl.methods.wavenet import WaveNet
from mmssl.pipelines.audio import AudioWindows, ConditionedWindows
from tests.contract.cases import Case
from tests.contract.learning import ON_DIGITS
from tests.tolerances import ROUNDING, SUM, assert_close

CASE = Case(
    "audio/wavenet",
    (
        "--data.batch_size=4",
        "--data.window=256",
        "--method.encoder.layers=2",
        "--method.encoder.residual_channels=16",
        "--method.encoder.gate_channels=16",
        "--method.encoder.skip_channels=32",
        # XLA takes longer to compile a step than these few steps take, and no virtual devices.
        "--fit.jit_compile=false",
    ),
    initial_loss=(np.log(256), 0.01),
    **ON_DIGITS,
    margins={("untrained", "linear"): 0.02},
)

FIELD = 16


def wavenet():
    return WaveNet(wavenet_encoder(2, 3, 8, 8, 16))


def batch_of(codes, padding=0):
    waveform = np.asarray(mu_law_decode(codes))
    mask = np.ones_like(codes)
    if padding:
        mask[:, -padding:] = 0
    return {"waveform": waveform, "padding_mask": mask}


def random_codes(length=60, rows=2):
    return np.random.default_rng(0).integers(0, 256, (rows, length), "int32")


def loss_of(method, batch):
    return float(method.compute_loss(x=batch, y_pred=method(batch), training=False))


def test_a_sample_changes_the_logits_behind_it_up_to_the_receptive_field_and_no_other():
    method, codes = wavenet(), random_codes()
    other = codes.copy()
    other[:, 20] = 255 - other[:, 20]
    before, after = (np.asarray(method(batch_of(c))["logits"]) for c in (codes, other))
    moved = np.flatnonzero((before != after).any(axis=(0, 2)))
    # Logits at 20 predict sample 21: the first that may know of sample 20.
    np.testing.assert_array_equal(moved, np.arange(20, 20 + FIELD))


def test_the_targets_are_the_inputs_shifted_by_exactly_one():
    """Logits that copy the code at t, or that at t - 1, must be wrong; those of t + 1 right."""
    method, codes = wavenet(), random_codes()
    batch = batch_of(codes)
    outputs = method(batch)
    for shift, expected in ((1, 0.0), (0, 20.0), (-1, 20.0)):
        guessed = np.roll(codes, -shift, axis=1)
        logits = 20.0 * np.asarray(keras.ops.one_hot(guessed, 256))
        loss = float(method.loss_terms(batch, {**outputs, "logits": logits}, False)["nats"])
        assert loss == pytest.approx(expected, abs=0.4)


def test_the_loss_is_the_mean_over_the_samples_that_are_no_padding():
    method, codes = wavenet(), random_codes()
    method.logits.kernel.assign(np.random.default_rng(0).normal(size=method.logits.kernel.shape))
    batch = batch_of(codes, padding=25)
    logits = np.asarray(method(batch)["logits"], "float64")[:, :34]
    shares = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    right = np.take_along_axis(shares, codes[:, 1:35, None], axis=-1)
    assert_close(loss_of(method, batch), -np.log(right).mean(), SUM)
    louder = {**batch, "waveform": batch["waveform"].copy()}
    louder["waveform"][:, 35:] = 0.7
    assert loss_of(method, louder) == loss_of(method, batch)


def test_every_weight_of_a_conditioned_model_gets_a_gradient():
    given = {"num_speakers": 9, "num_mel_bins": 4, "mel_hop": 50}
    data = ConditionedWindows(window=500, batch_size=8, sample_rate=2000, **given)
    method, batch = WaveNet(wavenet_encoder(1, 3, 4, 4, 4, **given)), next(iter(data.batches()))
    with tf.GradientTape() as tape:
        loss = method.compute_loss(x=batch, y_pred=method(batch, training=True), training=True)
    gradients = tape.gradient(loss, [v.value for v in method.trainable_variables])
    moved = [bool(tf.reduce_any(tf.convert_to_tensor(g) != 0)) for g in gradients]
    assert all(moved)


def test_training_begins_at_the_uniform_guess_and_zero_logits_are_exactly_it():
    method, batch = wavenet(), batch_of(random_codes())
    assert loss_of(method, batch) == pytest.approx(np.log(256), abs=0.01)
    method.logits.kernel.assign(np.zeros(method.logits.kernel.shape))
    assert_close(loss_of(method, batch), np.log(256), ROUNDING)


@pytest.mark.bfloat16
def test_logits_and_loss_are_float32_under_mixed_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    method, batch = wavenet(), batch_of(random_codes())
    outputs = method(batch)
    assert keras.backend.standardize_dtype(outputs["logits"].dtype) == "float32"
    terms = method.loss_terms(batch, outputs, training=False)
    assert keras.backend.standardize_dtype(terms["nats"].dtype) == "float32"


def test_held_out_bits_are_those_of_the_loss_and_the_unigram_is_the_entropy_of_the_codes():
    waves = np.random.default_rng(0).uniform(-1, 1, (4, 400)).astype("float32")
    data = AudioWindows(waves, window=400, batch_size=2)
    method = wavenet()
    figures = method.validate(data)
    losses = [loss_of(method, batch) for batch in data.batches().take(2)]
    assert_close(figures["bits_per_sample"], np.mean(losses) / np.log(2), SUM)
    codes = np.asarray(
        method(next(iter(AudioWindows(waves, window=400, batch_size=4).batches())))["codes"]
    )
    shares = np.unique(codes[:, 1:], return_counts=True)[1] / codes[:, 1:].size
    assert_close(figures["unigram_bits"], -(shares * np.log2(shares)).sum(), ROUNDING)


def test_an_encoder_without_codes_is_refused():
    with pytest.raises(ValueError, match="conv_encoder computes no codes"):
        WaveNet(conv_encoder(16, (4,), (1,), (2,), (1,)))


def test_a_batch_without_the_condition_is_refused_with_what_makes_it():
    method = WaveNet(wavenet_encoder(1, 2, 4, 4, 4, num_speakers=3))
    with pytest.raises(ValueError, match=r"takes speaker, which the batch lacks.*Conditioned"):
        method(batch_of(random_codes()))
