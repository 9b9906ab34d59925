"""Encoders of clips around an encoder of pictures."""

import keras
import numpy as np
import pytest

from mmssl.encoders import blocks, cut, dense_encoder, frame_encoder, of_frames, small_conv_encoder
from tests.tolerances import SUM, assert_close

SIZE, FRAMES = 8, 3


@pytest.fixture
def of_pictures():
    keras.utils.set_random_seed(0)
    return small_conv_encoder(SIZE, (4, 6), (2, 2))


@pytest.fixture
def clips():
    return np.random.default_rng(0).random((2, FRAMES, SIZE, SIZE, 3), "float32")


def vectors_of(encoder, clips):
    images = clips.reshape(-1, SIZE, SIZE, 3)
    return np.asarray(encoder({"images": images})["embedding"]).reshape(2, FRAMES, -1)


@pytest.mark.parametrize("pool", ["mean", "concatenate"])
def test_every_frame_is_embedded_by_itself_with_the_weights_that_were_given(
    of_pictures, clips, pool
):
    expected = vectors_of(of_pictures, clips)
    encoder = frame_encoder(SIZE, FRAMES, pool, of_pictures)
    found = encoder({"frames": clips})
    assert_close(found["features"], expected, SUM)
    pooled = expected.mean(axis=1) if pool == "mean" else expected.reshape(2, -1)
    assert_close(found["embedding"], pooled, SUM)


def test_the_order_counts_where_vectors_are_put_side_by_side_and_else_not(of_pictures, clips):
    back = clips[:, ::-1].copy()
    mean = frame_encoder(SIZE, FRAMES, "mean", of_pictures)
    assert_close(mean({"frames": back})["embedding"], mean({"frames": clips})["embedding"], SUM)
    both = frame_encoder(SIZE, FRAMES, "concatenate", of_pictures)
    one, other = (np.asarray(both({"frames": x})["embedding"]) for x in (clips, back))
    assert not np.array_equal(one, other)


def test_what_it_was_given_stays_as_it_is(of_pictures, clips):
    encoder = frame_encoder(SIZE, FRAMES, encoder=of_pictures)
    before = of_pictures.get_weights()
    for variable in encoder.trainable_variables:
        variable.assign(variable + 1)
    for one, other in zip(before, of_pictures.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_encoder_of_pictures_comes_out_with_its_names_and_blocks(of_pictures, clips):
    encoder = frame_encoder(SIZE, FRAMES, "concatenate", of_pictures)
    taken = of_frames(encoder)
    assert list(taken.input) == ["images"]
    assert blocks(taken) == ["block_1", "block_2"]
    expected = of_pictures({"images": clips[0]})
    found = taken({"images": clips[0]})
    assert_close(found["embedding"], expected["embedding"], SUM)
    assert_close(found["features"], expected["features"], SUM)
    with pytest.raises(ValueError, match="another"):
        of_frames(of_pictures)


def test_it_is_saved_loaded_and_cut(of_pictures, clips, tmp_path):
    encoder = frame_encoder(SIZE, FRAMES, "concatenate", of_pictures)
    encoder.save(tmp_path / "encoder.keras")
    loaded = keras.models.load_model(tmp_path / "encoder.keras")
    expected = encoder({"frames": clips})["embedding"]
    np.testing.assert_array_equal(loaded({"frames": clips})["embedding"], expected)
    assert blocks(loaded) == ["block_1"]
    np.testing.assert_array_equal(cut(loaded, "block_1")({"frames": clips})["embedding"], expected)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="must be 1 or more"):
        frame_encoder(frames=0)
    with pytest.raises(ValueError, match="pool"):
        frame_encoder(pool="max")
    with pytest.raises(ValueError, match="an encoder of `images`"):
        frame_encoder(encoder=frame_encoder(SIZE, FRAMES))


def test_a_dense_encoder_sees_frames_too(clips):
    encoder = frame_encoder(SIZE, FRAMES, encoder=dense_encoder(SIZE, widths=(5,)))
    assert encoder({"frames": clips})["embedding"].shape == (2, 5)
