import keras
import numpy as np
import pytest

from mmssl.deploy.example import check_example, example_inputs, variants
from tests.deploy.conftest import BUILDERS


@pytest.mark.parametrize("kind", BUILDERS)
def test_the_example_is_the_same_each_time_and_fits_the_encoder(kind, encoders):
    first, second = example_inputs(encoders[kind]), example_inputs(encoders[kind])
    checked = check_example(encoders[kind], first)
    for name, array in first.items():
        np.testing.assert_array_equal(array, second[name])
        assert array.dtype == checked[name].dtype
    assert len(array) == 3


def test_a_waveform_lasts_two_seconds_and_is_padded_with_zeros(encoders):
    example = example_inputs(encoders["audio"], sample_rate=1000)
    assert example["waveform"].shape == (3, 2000)
    assert example["padding_mask"].sum(axis=1).tolist() == [2000, 1500, 1000]
    assert np.all(example["waveform"][example["padding_mask"] == 0] == 0)
    assert np.abs(example["waveform"]).max() <= 1


def test_token_ids_stay_in_the_vocabulary_and_the_longest_sequence(encoders):
    example = example_inputs(encoders["text"])
    assert example["token_ids"].shape == (3, 24)
    assert example["token_ids"].max() < 50
    assert np.all(example["token_ids"][example["padding_mask"] == 1] > 0)


def test_images_have_the_encoders_size_and_lie_between_0_and_1(encoders):
    images = example_inputs(encoders["images"])["images"]
    assert images.shape == (3, 32, 32, 3)
    assert images.min() >= 0
    assert images.max() <= 1


def test_an_unknown_input_asks_for_an_example():
    depth = keras.Input((3,), name="depth")
    with pytest.raises(ValueError, match=r"'depth'.*example="):
        example_inputs(keras.Model({"depth": depth}, {"embedding": depth}))


def test_batch_size_and_open_length_are_varied(encoders):
    example = example_inputs(encoders["text"])
    shapes = [batch["token_ids"].shape for batch in variants(encoders["text"], example)]
    assert shapes == [(3, 24), (1, 24), (3, 17), (1, 16)]


def test_a_fixed_size_is_not_varied(encoders):
    example = example_inputs(encoders["images"])
    batches = [len(batch["images"]) for batch in variants(encoders["images"], example)]
    assert batches == [3, 1]
