import keras
import numpy as np
import pytest

from mmssl.encoders import blocks, cut, receptive_field, wavenet_encoder
from tests.tolerances import SUM, assert_close

SIZES = {"residual_channels": 4, "gate_channels": 4, "skip_channels": 6}


def sounds(length, rows=2, padding=0, **given):
    rng = np.random.default_rng(0)
    waveform = rng.uniform(-1, 1, (rows, length)).astype("float32")
    batch = {
        "waveform": np.pad(waveform, ((0, 0), (0, padding))),
        "padding_mask": np.pad(np.ones((rows, length), "int32"), ((0, 0), (0, padding))),
    }
    return {**batch, **given}


def changed_features(encoder, batch, place):
    """Which features move when one sample does."""
    other = {**batch, "waveform": batch["waveform"].copy()}
    other["waveform"][:, place] *= -1
    before, after = (np.asarray(encoder(x)["features"]) for x in (batch, other))
    return np.flatnonzero((before != after).any(axis=(0, -1)))


@pytest.mark.parametrize(
    ("cycles", "layers", "kernel", "expected"),
    [(2, 3, 2, 16), (1, 4, 2, 17), (1, 3, 3, 16), (2, 8, 2, 512)],
)
def test_the_receptive_field_is_what_the_formula_says_and_looks_at_no_later_sample(
    cycles, layers, kernel, expected
):
    encoder = wavenet_encoder(cycles, layers, kernel_size=kernel, **SIZES)
    assert receptive_field(encoder) == expected
    moved = changed_features(encoder, sounds(30 + expected, rows=8), 20)
    np.testing.assert_array_equal(moved, np.arange(20, 20 + expected))


def test_the_features_are_the_sum_of_the_skips_and_the_embedding_their_mean():
    encoder = wavenet_encoder(2, 3, **SIZES)
    skips = [encoder.get_layer(f"unit_{n}").output[1] for n in range(1, 7)]
    outputs = encoder(sounds(50))
    total = sum(np.asarray(s) for s in keras.Model(encoder.input, skips)(sounds(50)))
    assert_close(outputs["features"], total, SUM)
    assert_close(outputs["embedding"], total.mean(axis=1), SUM)


def test_a_block_is_the_sum_of_the_skips_up_to_it():
    encoder = wavenet_encoder(1, 3, **SIZES)
    assert blocks(encoder) == ["block_1", "block_2", "block_3"]
    first = np.asarray(cut(encoder, "block_1")(sounds(50))["features"])
    skip = keras.Model(encoder.input, encoder.get_layer("unit_1").output[1])(sounds(50))
    assert_close(first, skip, SUM)
    last = cut(encoder, "block_3")(sounds(50))
    for name, value in encoder(sounds(50)).items():
        assert_close(last[name], value, SUM)


@pytest.mark.parametrize("block", ["block_2", None])
def test_padding_leaves_features_and_embedding_unchanged(block):
    encoder = wavenet_encoder(2, 3, **SIZES)
    encoder = cut(encoder, block) if block else encoder
    alone, padded = encoder(sounds(50)), encoder(sounds(50, padding=33))
    assert_close(padded["features"][:, :50], alone["features"], SUM)
    assert_close(padded["embedding"], alone["embedding"], SUM)


def conditioned():
    keras.utils.set_random_seed(0)
    return wavenet_encoder(1, 3, **SIZES, num_speakers=3, num_mel_bins=2, mel_hop=8)


def told(speaker=(1, 2), frames=8):
    log_mel = np.random.default_rng(1).uniform(0, 1, (2, frames, 2)).astype("float32")
    return {"speaker": np.array(speaker, "int32"), "log_mel": log_mel}


def test_a_speaker_moves_every_feature_of_their_own_recording():
    encoder = conditioned()
    one = np.asarray(encoder(sounds(60, **told((1, 2))))["features"])
    other = np.asarray(encoder(sounds(60, **told((1, 0))))["features"])
    np.testing.assert_array_equal(one[0], other[0])
    assert (np.abs(one[1] - other[1]).max(axis=-1) > 0).all()


def test_a_frame_moves_the_features_of_its_own_samples_and_those_half_a_frame_away():
    encoder, batch = conditioned(), sounds(60, **told())
    other = {**batch, "log_mel": batch["log_mel"].copy()}
    other["log_mel"][:, 3] += 1
    before, after = (np.asarray(encoder(x)["features"])[0] for x in (batch, other))
    moved = np.flatnonzero((before != after).any(axis=-1))
    # Samples 24 to 31 are its own; the units carry it on to as many later ones as they look back.
    np.testing.assert_array_equal(moved, np.arange(20, 36 + 2 + 4))


def test_padding_leaves_a_conditioned_embedding_unchanged():
    encoder = conditioned()
    alone = encoder(sounds(60, **told()))["embedding"]
    given = told()
    given["log_mel"] = np.pad(given["log_mel"], ((0, 0), (0, 5), (0, 0)))
    padded = encoder(sounds(60, padding=33, **given))["embedding"]
    assert_close(padded, alone, SUM)


def test_a_conditioned_encoder_comes_back_from_its_file(tmp_path):
    encoder = conditioned()
    encoder.save(tmp_path / "encoder.keras")
    loaded = keras.models.load_model(tmp_path / "encoder.keras")
    batch = sounds(60, **told())
    for name, value in encoder(batch).items():
        np.testing.assert_array_equal(loaded(batch)[name], value)


@pytest.mark.parametrize(
    "wrong", [{"cycles": 0}, {"kernel_size": 1}, {"levels": 1}, {"num_speakers": -1}]
)
def test_sizes_out_of_range_are_refused_by_name(wrong):
    with pytest.raises(ValueError, match=rf"{next(iter(wrong))}=\.\.\.\) must be at least"):
        wavenet_encoder(**{**SIZES, **wrong})
