import keras
import numpy as np
import pytest

from mmssl.encoders import conv_encoder, wavernn_encoder
from mmssl.layers import join_bytes, mu_law_encode
from mmssl.methods.wavernn import WaveRNN, mu_law_intervals
from mmssl.pipelines.audio import AudioWindows
from tests.contract.cases import Case
from tests.contract.learning import ON_DIGITS
from tests.tolerances import ROUNDING, SUM, assert_close

CASE = Case(
    "audio/wavernn",
    (
        "--data.batch_size=4",
        "--data.window=48",
        "--method.encoder.units=16",
        # XLA takes longer to compile a step than these few steps take, and no virtual devices.
        "--fit.jit_compile=false",
    ),
    initial_loss=(2 * np.log(256), 0.01),
    overfit=0.7,
    **ON_DIGITS,
    margins={("untrained", "linear"): 0.02},
)


def wavernn(units=12):
    keras.utils.set_random_seed(0)
    method = WaveRNN(wavernn_encoder(units))
    draw = np.random.default_rng(0)
    for logits in method.logits.values():
        logits.kernel.assign(draw.normal(size=logits.kernel.shape))
    return method


def random_bytes(rows=2, length=30):
    return np.random.default_rng(0).integers(0, 256, (rows, length, 2), "int32")


def batch_of(codes, padding=0):
    waveform = np.asarray(join_bytes(codes[..., 0], codes[..., 1]))
    mask = np.ones(waveform.shape, "int32")
    if padding:
        mask[:, -padding:] = 0
    return {"waveform": waveform, "padding_mask": mask}


def outputs_of(method, codes):
    return {name: np.asarray(x) for name, x in method(batch_of(codes)).items()}


def loss_of(method, batch):
    return float(method.compute_loss(x=batch, y_pred=method(batch), training=False))


def moved(method, place, byte):
    """At which samples the logits of either byte move when a byte at `place` does."""
    codes = random_bytes()
    other = codes.copy()
    other[:, place, byte] = 255 - other[:, place, byte]
    before, after = (outputs_of(method, x) for x in (codes, other))
    return {
        name: np.flatnonzero((before[key] != after[key]).any(axis=(0, 2)))
        for name, key in (("coarse", "coarse_logits"), ("fine", "fine_logits"))
    }


def test_a_coarse_byte_reaches_the_fine_one_of_its_sample_and_all_later_samples():
    found = moved(wavernn(), 20, 0)
    np.testing.assert_array_equal(found["coarse"], np.arange(21, 30))
    np.testing.assert_array_equal(found["fine"], np.arange(20, 30))


def test_a_fine_byte_reaches_later_samples_alone():
    found = moved(wavernn(), 20, 1)
    np.testing.assert_array_equal(found["coarse"], np.arange(21, 30))
    np.testing.assert_array_equal(found["fine"], np.arange(21, 30))


def test_the_coarse_half_of_a_state_does_not_know_the_coarse_byte():
    method, codes = wavernn(), random_bytes()
    other = codes.copy()
    other[:, 20, 0] = 255 - other[:, 20, 0]
    before, after = (outputs_of(method, x)["states"][:, 20] for x in (codes, other))
    np.testing.assert_array_equal(before[:, :6], after[:, :6])
    assert (before[:, 6:] != after[:, 6:]).any()


def test_zero_logits_cost_two_bytes_exactly():
    method = wavernn()
    for logits in method.logits.values():
        logits.kernel.assign(np.zeros(logits.kernel.shape))
    assert_close(loss_of(method, batch_of(random_bytes())), 2 * np.log(256), ROUNDING)


def test_the_loss_is_the_mean_over_the_samples_that_are_no_padding():
    method, codes = wavernn(), random_bytes()
    outputs, total = outputs_of(method, codes), 0.0
    for number, name in enumerate(("coarse", "fine")):
        logits = outputs[f"{name}_logits"].astype("float64")[:, :18]
        shares = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
        right = np.take_along_axis(shares, codes[:, :18, number, None], axis=-1)
        total -= np.log(right).mean()
    batch = batch_of(codes, padding=12)
    assert_close(loss_of(method, batch), total, SUM)
    louder = {**batch, "waveform": batch["waveform"].copy()}
    louder["waveform"][:, 18:] = 0.7
    assert loss_of(method, louder) == loss_of(method, batch)


def test_an_interval_has_the_probability_of_all_samples_in_it():
    method, codes = wavernn(), random_bytes()
    outputs = method(batch_of(codes))
    shares = np.exp(outputs["coarse_logits"]) / np.exp(outputs["coarse_logits"]).sum(-1)[..., None]
    draw = np.random.default_rng(1)
    first = draw.integers(0, 65536, shares.shape[:2])
    last = np.minimum(65535, first + draw.choice([0, 3, 700, 70000], first.shape))
    expected = np.zeros(first.shape)
    states = [outputs[name] for name in ("coarse", "fine", "states")]
    for coarse in range(256):
        half = method.recurrence.fine_states(*states, np.full(first.shape, coarse, "int32"))
        fine = np.asarray(keras.ops.softmax(method.head("fine", half)))
        samples = 256 * coarse + np.arange(256)
        inside = (samples >= first[..., None]) & (samples <= last[..., None])
        expected += shares[..., coarse] * (fine * inside).sum(axis=-1)
    assert_close(np.exp(-np.asarray(method.interval_nats(outputs, first, last))), expected, SUM)


def test_every_code_is_the_interval_of_its_samples():
    first, last = mu_law_intervals()
    assert (first[0], last[-1]) == (0, 65535)
    np.testing.assert_array_equal(first[1:], last[:-1] + 1)
    ends = np.concatenate([first, last]).astype("float32") / 32768 - 1
    np.testing.assert_array_equal(mu_law_encode(ends), 2 * list(range(256)))


def test_held_out_bits_are_those_of_the_mu_law_codes():
    waves = np.random.default_rng(0).uniform(-1, 1, (4, 60)).astype("float32")
    data = AudioWindows(waves, window=60, batch_size=2)
    method = wavernn()
    figures = method.validate(data)
    losses = [loss_of(method, batch) for batch in data.batches().take(2)]
    assert_close(figures["bits_per_16_bit_sample"], np.mean(losses) / np.log(2), SUM)
    batch = next(iter(AudioWindows(waves, window=60, batch_size=4).batches()))
    codes = np.asarray(mu_law_encode(batch["waveform"]))
    first, last = (ends[codes] for ends in mu_law_intervals())
    nats = np.asarray(method.interval_nats(method(batch), first, last))
    assert_close(figures["bits_per_sample"], nats.mean() / np.log(2), SUM)
    shares = np.unique(codes, return_counts=True)[1] / codes.size
    assert_close(figures["unigram_bits"], -(shares * np.log2(shares)).sum(), ROUNDING)


@pytest.mark.bfloat16
def test_states_logits_and_loss_are_float32_under_mixed_precision():
    exact = outputs_of(wavernn(), random_bytes())["states"]
    keras.config.set_dtype_policy("mixed_bfloat16")
    method, batch = wavernn(), batch_of(random_bytes())
    outputs = method(batch)
    for name in ("coarse_logits", "fine_logits"):
        assert keras.backend.standardize_dtype(outputs[name].dtype) == "float32"
    # bfloat16 has 8 bits; an accumulated state would be off by far more.
    assert np.abs(np.asarray(outputs["states"], "float32") - exact).max() < 2**-5


def test_what_is_no_wavernn_is_refused():
    with pytest.raises(ValueError, match="conv_encoder has no DualGRU"):
        WaveRNN(conv_encoder(16, (4,), (1,), (2,), (1,)))
    with pytest.raises(ValueError, match="head_width"):
        WaveRNN(wavernn_encoder(4), head_width=0)
    with pytest.raises(ValueError, match="units"):
        wavernn_encoder(7)
