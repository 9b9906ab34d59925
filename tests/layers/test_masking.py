import numpy as np

from mmssl.layers import FillGaps, MaskFill


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


def test_tokens_stand_at_their_positions_and_one_vector_everywhere_else():
    rng = np.random.default_rng(0)
    tokens = rng.normal(size=(2, 3, 4)).astype("float32")
    visible, masked = np.int32([[4, 0, 2], [1, 3, 0]]), np.int32([[1, 3], [2, 4]])
    fill = FillGaps()
    whole = np.asarray(fill([tokens, visible, masked]))
    for row in range(2):
        np.testing.assert_array_equal(whole[row, visible[row]], tokens[row])
        np.testing.assert_array_equal(whole[row, masked[row]], np.tile(fill.token, (2, 1)))
