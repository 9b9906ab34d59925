"""Pictures from image GPT: cached equals uncached, seeds, and completion."""

import keras
import numpy as np
import pytest

from mmssl.encoders import image_gpt_encoder
from mmssl.generation.image_gpt_sampler import ImageGPTSampler
from mmssl.methods.image_gpt import ImageGPT

SIZE, COLORS = 4, 6


@pytest.fixture(scope="module")
def method():
    keras.utils.set_random_seed(0)
    method = ImageGPT(image_gpt_encoder(SIZE, COLORS, 8, 2, 2, 16))
    draw = np.random.default_rng(0)
    method.head.kernel.assign(2 * draw.normal(size=method.head.kernel.shape))
    method.palette.learn(draw.integers(0, 256, (COLORS, 3)) / 255)
    return method


@pytest.fixture(scope="module")
def sampler(method):
    return ImageGPTSampler(method)


def codes_of(method, pictures):
    return np.asarray(method.palette(pictures.astype("float32") / 255))


def test_the_likeliest_colors_are_those_of_a_pass_over_all_pixels(method, sampler):
    pictures = sampler.sample(2, temperature=0)
    assert pictures.shape == (2, SIZE, SIZE, 3)
    assert pictures.dtype == "uint8"
    outputs = method({"images": pictures.astype("float32") / 255})
    likeliest = np.asarray(outputs["logits"]).argmax(axis=-1)
    np.testing.assert_array_equal(codes_of(method, pictures), likeliest)


def test_the_seed_settles_the_pictures(sampler):
    first, again, other = (sampler.sample(3, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert (first[0] != first[1]).any()


def test_a_picture_is_completed_below_its_upper_half(method, sampler):
    images = np.random.default_rng(1).random((3, SIZE, SIZE, 3)).astype("float32")
    found = sampler.complete(images, temperature=0)
    given = codes_of(method, 255 * images)
    upper = SIZE**2 // 2
    np.testing.assert_array_equal(codes_of(method, found)[:, :upper], given[:, :upper])
    outputs = method({"images": found.astype("float32") / 255})
    likeliest = np.asarray(outputs["logits"]).argmax(axis=-1)
    np.testing.assert_array_equal(codes_of(method, found)[:, upper:], likeliest[:, upper:])


def test_the_objective_of_bert_draws_nothing():
    with pytest.raises(ValueError, match="vision/image_gpt"):
        ImageGPTSampler(ImageGPT(image_gpt_encoder(SIZE, COLORS, 8, 1, 2, 16, causal=False)))
