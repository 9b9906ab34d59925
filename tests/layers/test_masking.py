import numpy as np

from mmssl.layers import MaskFill


def test_hidden_pixels_are_the_fill_and_visible_ones_unchanged():
    rng = np.random.default_rng(0)
    images = rng.random((2, 4, 4, 3)).astype("float32")
    mask = (rng.random((2, 4, 4, 1)) < 0.5).astype("float32")
    fill = MaskFill()
    fill.color.assign([0.1, 0.2, 0.3])
    filled, hidden = np.asarray(fill([images, mask])), mask[..., 0] == 1
    np.testing.assert_array_equal(filled[~hidden], images[~hidden])
    np.testing.assert_array_equal(
        filled[hidden], np.broadcast_to(np.float32([0.1, 0.2, 0.3]), filled[hidden].shape)
    )


def test_the_fill_is_not_trained():
    assert MaskFill().trainable_variables == []
