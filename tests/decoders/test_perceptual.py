import keras
import numpy as np
import pytest

from mmssl.decoders import perceptual_network, saved_perceptual_network
from mmssl.encoders import vq_gan_encoder


def pictures(seed=0, size=16):
    return np.random.default_rng(seed).uniform(size=(2, size, size, 3)).astype("float32")


def test_the_small_network_is_the_same_whatever_the_seed_and_is_never_trained():
    keras.utils.set_random_seed(1)
    one = perceptual_network(16, (4, 6))
    keras.utils.set_random_seed(2)
    other = perceptual_network(16, (4, 6))
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert not one.trainable_weights
    assert [x.shape for x in one(pictures()).values()] == [(2, 16, 16, 4), (2, 8, 8, 6)]


def test_a_network_on_the_disk_is_compared_in_the_last_map_of_each_size(tmp_path):
    images = keras.Input((16, 16, 3))
    x = keras.layers.Rescaling(1 / 255, name="bytes")(images)
    x = keras.layers.Conv2D(4, 3, padding="same", name="first")(x)
    x = keras.layers.Conv2D(5, 3, padding="same", name="second")(x)
    x = keras.layers.MaxPooling2D()(x)
    x = keras.layers.Conv2D(6, 3, padding="same", name="third")(x)
    saved = keras.Model(images, x)
    saved.save(tmp_path / "network.keras")
    path = str(tmp_path / "network.keras")
    network = saved_perceptual_network(path, 16)
    assert [m.shape[1:] for m in network.output.values()] == [(16, 16, 5), (8, 8, 6)]
    assert not network.trainable_weights
    np.testing.assert_array_equal(network(pictures())["third"], saved(255 * pictures()))
    first = saved_perceptual_network(path, 16, ("first",)).output
    assert {name: x.shape[-1] for name, x in first.items()} == {"first": 4}
    with pytest.raises(ValueError, match="no layers fourth"):
        saved_perceptual_network(path, 16, ("fourth",))


def test_an_encoder_of_a_run_is_compared_in_its_blocks(tmp_path):
    encoder = vq_gan_encoder(16, 4, (1, 2), 1, 8, 4)
    encoder.save(tmp_path / "encoder.keras")
    network = saved_perceptual_network(str(tmp_path / "encoder.keras"), 16)
    assert [m.shape[1] for m in network.output.values()] == [8, 8, 8]


def test_what_is_not_there_is_refused(tmp_path):
    with pytest.raises(ValueError, match="is no file"):
        saved_perceptual_network(str(tmp_path / "vgg.keras"), 16)
    with pytest.raises(ValueError, match="channels"):
        perceptual_network(16, ())
