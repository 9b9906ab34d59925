"""Masked convolutions: what the masks keep, and a pixel at a time."""

import numpy as np
import pytest

from mmssl.layers import MaskedConv2D, causal_mask
from tests.tolerances import SUM, assert_close


@pytest.mark.parametrize(
    ("size", "kind", "ones"), [(7, "A", 24), (7, "B", 25), (3, "A", 4), (3, "B", 5), (1, "A", 0)]
)
def test_a_mask_keeps_what_is_before_a_pixel(size, kind, ones):
    mask = causal_mask(size, kind, 1, 1)[..., 0, 0]
    assert mask.sum() == ones
    np.testing.assert_array_equal(mask.ravel()[:ones], 1)


def test_at_its_own_pixel_a_channel_sees_those_before_it_and_with_kind_b_itself():
    expected = np.array([[0, 1, 1], [0, 0, 1], [0, 0, 0]])
    np.testing.assert_array_equal(causal_mask(3, "A", 3, 3, 3)[1, 1], expected)
    np.testing.assert_array_equal(causal_mask(3, "B", 3, 3, 3)[1, 1], expected + np.eye(3))
    # Groups are parts one after the other, of nearly equal sizes.
    twice = np.repeat(np.repeat(expected + np.eye(3), 2, axis=0), 2, axis=1)
    np.testing.assert_array_equal(causal_mask(1, "B", 6, 6, 3)[0, 0], twice)


def test_the_mask_holds_after_the_kernel_has_changed():
    layer, x = MaskedConv2D(4, 3, "A"), np.random.default_rng(0).normal(size=(1, 5, 5, 2))
    layer(x)
    layer.kernel.assign(np.ones(layer.kernel.shape))
    moved = x.copy()
    moved[0, 2, 2:] += 1
    moved[0, 3:] += 1
    before, after = (np.asarray(layer(pictures)) for pictures in (x, moved))
    np.testing.assert_array_equal(after[0, :2], before[0, :2])
    np.testing.assert_array_equal(after[0, 2, :3], before[0, 2, :3])
    assert (after[0, 2, 3:] != before[0, 2, 3:]).all()


def test_a_convolution_is_the_sum_over_what_is_seen():
    rng = np.random.default_rng(0)
    layer, x = MaskedConv2D(6, 5, "B", groups=3), rng.normal(size=(2, 4, 4, 3)).astype("float32")
    found = np.asarray(layer(x))
    layer.bias.assign(rng.normal(size=6))
    kernel = np.zeros((5, 5, 3, 6))
    kernel[:3] = layer.kernel.numpy()
    kernel = kernel * causal_mask(5, "B", 3, 6, 3)
    padded = np.pad(x.astype("float64"), ((0, 0), (2, 2), (2, 2), (0, 0)))
    expected = np.array(
        [
            [np.einsum("byxc,yxco->bo", padded[:, i : i + 5, j : j + 5], kernel) for j in range(4)]
            for i in range(4)
        ]
    ).transpose(2, 0, 1, 3)
    assert_close(found, expected, SUM)
    assert_close(layer(x), expected + layer.bias.numpy(), SUM)


def test_what_is_no_mask_is_refused():
    with pytest.raises(ValueError, match="kernel_size=4 must be odd"):
        causal_mask(4, "A", 1, 1)
    with pytest.raises(ValueError, match="kind='C' must be one of A, B"):
        causal_mask(3, "C", 1, 1)
    with pytest.raises(ValueError, match="3 groups of channels need as many"):
        causal_mask(3, "A", 3, 2, 3)
