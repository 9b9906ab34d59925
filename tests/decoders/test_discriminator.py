import numpy as np
import pytest
import tensorflow as tf

from mmssl.decoders import patch_discriminator


def seen_by(discriminator, size, row, column):
    """The pixels that a logit depends on: first and last row."""
    images = tf.Variable(np.random.default_rng(0).normal(size=(1, size, size, 3)))
    with tf.GradientTape() as tape:
        logit = discriminator(images, training=False)[0, row, column, 0]
    rows = np.flatnonzero(np.abs(tape.gradient(logit, images)).max(axis=(0, 2, 3)))
    return rows.min(), rows.max()


@pytest.mark.parametrize(("size", "layers", "patches"), [(32, 2, 6), (256, 3, 30)])
def test_there_are_as_many_patches_as_in_the_paper(size, layers, patches):
    assert patch_discriminator(size, 2, layers).output.shape == (None, patches, patches, 1)


def test_each_logit_sees_34_pixels_with_two_layers():
    # 70 with three; batch norm, which would see all, is off outside of training.
    first, last = seen_by(patch_discriminator(96, 2, 2), 96, 10, 10)
    assert last - first + 1 == 34


def test_widths_double_up_to_eight_times_the_first():
    layers = patch_discriminator(128, 2, 5).layers
    widths = [x.filters for x in layers if hasattr(x, "filters")]
    assert widths == [2, 4, 8, 16, 16, 16, 1]


@pytest.mark.parametrize("wrong", [{"size": 30}, {"layers": 0}, {"width": 0}, {"size": 8}])
def test_what_leaves_no_patch_is_refused(wrong):
    name, value = next(iter(wrong.items()))
    with pytest.raises(ValueError, match=f"{name}={value}"):
        patch_discriminator(**{"size": 32, "width": 2, "layers": 2, **wrong})
