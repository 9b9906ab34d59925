"""VQ-GAN's encoder and decoder: sizes, what attention sees, and an export."""

import keras
import numpy as np
import pytest

from mmssl.decoders import vq_gan_decoder
from mmssl.encoders import blocks, vq_gan_encoder
from tests.contract.exports import largest_difference
from tests.contract.tolerances import exported

LEVELS = {"width": 4, "multipliers": (1, 2), "units": 1, "groups": 2}


@pytest.fixture(scope="module")
def encoder():
    keras.utils.set_random_seed(0)
    return vq_gan_encoder(16, channels=6, **LEVELS)


def test_each_level_is_half_the_size_of_the_last_and_the_decoder_doubles_it(encoder):
    sizes = [encoder.get_layer(name).output.shape[1:] for name in blocks(encoder)]
    assert sizes == [(8, 8, 4), (8, 8, 8), (8, 8, 6)]
    assert encoder.output["embedding"].shape == (None, 24)
    decoder = vq_gan_decoder(keras.KerasTensor((None, 8, 8, 5)), (16, 16, 3), **LEVELS)
    assert decoder.output.shape == (None, 16, 16, 3)
    gray = decoder.get_layer("last")
    gray.kernel.assign(0 * gray.kernel)
    np.testing.assert_array_equal(decoder(np.ones((1, 8, 8, 5), "float32")), 0.5)


def test_every_place_sees_the_whole_picture(encoder):
    images = np.random.default_rng(0).uniform(size=(1, 16, 16, 3)).astype("float32")
    other = images.copy()
    other[0, 0, 0] = 1 - other[0, 0, 0]
    one, two = (np.asarray(encoder({"images": x})["features"]) for x in (images, other))
    assert (one != two).any(axis=-1).all()


def test_it_is_exported(encoder, tmp_path):
    assert exported(largest_difference(encoder, "litert", tmp_path))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [({"size": 9}, "size=9"), ({"units": 0}, "units=0"), ({"groups": 3}, "groups=3")],
)
def test_what_does_not_fit_is_refused(wrong, words):
    with pytest.raises(ValueError, match=words):
        vq_gan_encoder(**{"size": 16, "channels": 6, **LEVELS, **wrong})
