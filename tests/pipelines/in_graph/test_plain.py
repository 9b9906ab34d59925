"""Samples and pixels become what a pipeline makes of them."""

import numpy as np
import pytest
import tensorflow as tf

from mmssl.pipelines.audio import AudioWindows, ConditionedWindows
from mmssl.pipelines.images import ImageCrops
from mmssl.pipelines.in_graph.plain import plain_inputs
from mmssl.pipelines.text.passages import Passages
from tests.tolerances import NETWORK, SUM, assert_close

SIZE = 12


def picture(height, width):
    return np.random.default_rng(height).integers(0, 256, (height, width, 3), "uint8")


def sound(length):
    return np.random.default_rng(length).integers(-(2**15), 2**15, length, "int16")


def of_pipeline(pipeline, item):
    return {name: value[None] for name, value in pipeline.inputs(pipeline.decode(item)).items()}


@pytest.fixture(scope="module")
def images_of():
    """The function of pixels, traced once for pictures of any size."""
    given = plain_inputs(ImageCrops(size=SIZE))
    return tf.function(given.function, [given.spec])


@pytest.mark.parametrize(
    ("height", "width"), [(40, 31), (25, 90), (SIZE, SIZE), (5, 7), (1, 1), (SIZE + 1, SIZE)]
)
def test_a_picture_of_any_size_is_seen_as_by_the_pipeline(height, width, images_of):
    pixels = tf.constant(picture(height, width))
    found = images_of(pixels[None])
    assert_close(found["images"], of_pipeline(ImageCrops(size=SIZE), pixels)["images"], NETWORK)


@pytest.mark.parametrize("length", [1, 700])
def test_samples_are_heard_bit_for_bit(length):
    pipeline = AudioWindows()
    given, pcm = plain_inputs(pipeline), tf.constant(sound(length))
    assert given.spec.is_compatible_with(pcm[None])
    found, expected = given.function(pcm[None]), of_pipeline(pipeline, pcm)
    assert set(found) == {"waveform", "padding_mask"}
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value)


def test_a_pipeline_with_conditions_gives_frames_and_the_unknown_speaker():
    pipeline, pcm = ConditionedWindows(num_speakers=3, num_mel_bins=8), tf.constant(sound(700))
    found, expected = plain_inputs(pipeline).function(pcm[None]), of_pipeline(pipeline, pcm)
    assert_close(found["log_mel"], expected["log_mel"], SUM)
    assert found["speaker"].numpy().tolist() == [0]


def test_items_of_sounds_are_the_samples_in_their_middle():
    sounds = [sound(90), sound(31)]
    pipeline = AudioWindows(sounds, window=30, batch_size=2).prepare()
    items = list(plain_inputs(pipeline).items(pipeline.items).as_numpy_iterator())
    np.testing.assert_array_equal(items[0][0], sounds[0][30:60])
    np.testing.assert_array_equal(items[1][0], sounds[1][:30])


def test_samples_beyond_full_scale_are_cut_off():
    pipeline = AudioWindows([np.array([-2, -1, 0, 0.5, 2], "float32")], window=5, batch_size=1)
    (item,) = plain_inputs(pipeline).items(pipeline.prepare().items).as_numpy_iterator()
    assert item[0].tolist() == [-(2**15), -(2**15), 0, 2**14, 2**15 - 1]


def test_items_of_pictures_have_their_own_size():
    pictures = [picture(9, 20), picture(30, 8)]
    pipeline = ImageCrops(pictures, size=SIZE, batch_size=2).prepare()
    items = list(plain_inputs(pipeline).items(pipeline.items).as_numpy_iterator())
    for item, pixels in zip(items, pictures, strict=True):
        np.testing.assert_array_equal(item[0], pixels)


def test_texts_have_no_such_inputs():
    with pytest.raises(ValueError, match="Passages makes neither sounds nor pictures"):
        plain_inputs(Passages())
