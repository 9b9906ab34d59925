"""A whitening at the end of an encoder."""

import keras
import numpy as np
import pytest

from mmssl.encoders import blocks, cut
from mmssl.encoders.parts.saved import load_encoder
from mmssl.encoders.parts.whitening import Whitening, unwhitened, whitened
from tests.evaluation.conftest import SIZE, tiny_encoder
from tests.tolerances import SUM, assert_close


@pytest.fixture(scope="module")
def plain():
    return tiny_encoder()


@pytest.fixture(scope="module")
def whitening(plain):
    rng = np.random.default_rng(0)
    width = plain.output["embedding"].shape[-1]
    return Whitening(*(rng.normal(size=s).astype("float32") for s in ((width,), (width, 3))))


@pytest.fixture(scope="module")
def images():
    return {"images": np.random.default_rng(1).random((5, SIZE, SIZE, 3), "float32")}


def test_the_embedding_is_mapped_and_the_features_stay(plain, whitening, images):
    before, after = plain(images), whitened(plain, whitening)(images)
    centered = np.asarray(before["embedding"], "float64") - whitening.mean
    assert_close(after["embedding"], centered @ whitening.kernel, SUM)
    assert_close(whitening(np.asarray(before["embedding"])), centered @ whitening.kernel, SUM)
    np.testing.assert_array_equal(after["features"], before["features"])


def test_vectors_close_together_and_far_from_the_origin_keep_their_digits():
    near = np.float32(1000) + np.arange(6, dtype="float32").reshape(2, 3) / 16
    kernel = np.eye(3, dtype="float32") * np.float32(0.7)
    vectors = keras.Input((3,), name="vectors")
    outputs = {"features": vectors, "embedding": keras.layers.Identity()(vectors)}
    plain = keras.Model({"vectors": vectors}, outputs)
    model = whitened(plain, Whitening(near.mean(axis=0), kernel))
    expected = np.repeat([[-1.5 / 16], [1.5 / 16]], 3, axis=1) @ kernel.astype("float64")
    assert_close(model({"vectors": near})["embedding"], expected, SUM)


def test_it_is_not_trained_and_survives_a_file(plain, whitening, images, tmp_path):
    model = whitened(plain, whitening)
    assert len(model.trainable_variables) == len(plain.trainable_variables)
    model.save(tmp_path / "encoder.keras")
    loaded = load_encoder(tmp_path / "encoder.keras")
    expected = model(images)["embedding"]
    np.testing.assert_array_equal(loaded(images)["embedding"], expected)


def test_it_can_be_taken_off_again(plain, whitening, images):
    found, of = unwhitened(whitened(plain, whitening))
    np.testing.assert_array_equal(found(images)["embedding"], plain(images)["embedding"])
    np.testing.assert_array_equal(of.mean, whitening.mean)
    np.testing.assert_array_equal(of.kernel, whitening.kernel)
    assert unwhitened(plain) == (plain, None)


def test_the_blocks_of_a_whitened_encoder_are_plain(plain, whitening, images):
    model = whitened(plain, whitening)
    assert blocks(model) == blocks(plain)
    expected = cut(plain, "block_1")(images)["embedding"]
    np.testing.assert_array_equal(cut(model, "block_1")(images)["embedding"], expected)


def test_a_whitening_of_other_vectors_is_refused(plain):
    other = Whitening(np.zeros(3, "float32"), np.zeros((3, 2), "float32"))
    with pytest.raises(ValueError, match=r"is of vectors of 3 dimensions; the embedding of .* has"):
        whitened(plain, other)
