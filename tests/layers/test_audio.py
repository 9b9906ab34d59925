import keras
import numpy as np
import pytest

from mmssl.layers import MuLaw, join_bytes, mu_law_decode, mu_law_encode, split_bytes
from tests.tolerances import SUM, assert_close


@pytest.mark.parametrize(
    ("sample", "code"), [(-1, 0), (0, 128), (1, 255), (0.5, 239), (1e-4, 128), (-1e-4, 127)]
)
def test_samples_have_the_codes_of_the_formula(sample, code):
    assert int(mu_law_encode(np.float32(sample))) == code


def test_the_two_codes_of_silence_decode_to_either_side_of_zero():
    above = (256 ** (1 / 255) - 1) / 255  # 255 times this is what is left of 1.02 without 1
    assert_close(mu_law_decode(np.array([127, 128])), [-above, above], SUM, scale=1 / 255)


@pytest.mark.parametrize("levels", [2, 16, 256, 1024])
def test_a_decoded_code_is_that_code_again(levels):
    codes = np.arange(levels)
    np.testing.assert_array_equal(mu_law_encode(mu_law_decode(codes, levels), levels), codes)


def test_codes_rise_with_the_sample_and_use_the_whole_range():
    codes = np.asarray(mu_law_encode(np.linspace(-1, 1, 100001, dtype="float32")))
    assert (np.diff(codes) >= 0).all()
    assert set(codes.tolist()) == set(range(256))


def test_samples_beyond_full_scale_are_clipped():
    np.testing.assert_array_equal(mu_law_encode(np.array([-3.0, 1.5], "float32")), [0, 255])


def test_an_int16_sample_is_heard_within_the_step_of_its_code():
    samples = np.arange(-32768, 32768, dtype="float32") / 32768
    decoded = np.asarray(mu_law_decode(mu_law_encode(samples)))
    # A step is at most the derivative of the expansion, (|x| + 1 / 255) ln 256, times 2 / 255.
    step = (np.abs(samples) + 1 / 255) * np.log(256) * 2 / 255
    assert (np.abs(decoded - samples) <= 0.52 * step).all()


def test_the_layer_computes_in_float32_under_mixed_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    waveform = np.linspace(-1, 1, 1000, dtype="float32")[None]
    layer = MuLaw(dtype="float32")
    np.testing.assert_array_equal(layer(waveform), mu_law_encode(waveform))
    assert MuLaw.from_config(layer.get_config()).levels == 256


@pytest.mark.parametrize(
    ("sample", "expected"), [(0, (128, 0)), (-1, (127, 255)), (-32768, (0, 0)), (32767, (255, 255))]
)
def test_samples_have_the_bytes_of_the_paper(sample, expected):
    assert tuple(map(int, split_bytes(np.float32(sample / 32768)))) == expected


def test_bytes_joined_are_the_sample_again_for_all_16_bit_samples():
    samples = np.arange(-32768, 32768, dtype="float32") / 32768
    np.testing.assert_array_equal(join_bytes(*split_bytes(samples)), samples)


def test_samples_beyond_16_bits_are_clipped():
    coarse, fine = split_bytes(np.array([-2.0, 1.0], "float32"))
    np.testing.assert_array_equal([coarse, fine], [[0, 255], [0, 255]])
