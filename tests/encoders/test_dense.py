"""Dense encoders: what they see of a picture, and what their blocks are."""

import numpy as np
import pytest

from mmssl.encoders import blocks, cut, dense_encoder
from mmssl.layers import Standardize
from tests.tolerances import SUM, assert_close

IMAGES = np.random.default_rng(0).random((2, 4, 4, 3)).astype("float32")


@pytest.mark.parametrize("gray", [True, False])
def test_the_embedding_is_that_of_dense_layers_over_the_values(gray):
    encoder = dense_encoder(4, gray, widths=(5, 3))
    x = (IMAGES.mean(axis=-1) if gray else IMAGES).reshape(2, -1)
    for name in blocks(encoder):
        kernel, bias = encoder.get_layer(name).get_weights()
        x = 1 / (1 + np.exp(-(x @ kernel + bias)))
    outputs = encoder({"images": IMAGES})
    assert_close(outputs["embedding"], x, SUM)
    np.testing.assert_array_equal(outputs["features"], outputs["embedding"])
    first = cut(encoder, "block_1")({"images": IMAGES})["embedding"]
    assert first.shape == (2, 5)


def test_three_equal_binary_channels_are_one_of_them_exactly():
    encoder = dense_encoder(4, widths=(1,))
    values = encoder.get_layer("values").output
    binary = np.repeat(IMAGES[..., :1] < 0.5, 3, axis=-1).astype("float32")
    seen = type(encoder)(encoder.input, values)({"images": binary})
    np.testing.assert_array_equal(seen, binary[..., 0].reshape(2, -1))


def test_values_are_standardized_by_what_they_were_told():
    encoder = dense_encoder(4, widths=(2,), standardize=True)
    [layer] = [x for x in encoder.layers if isinstance(x, Standardize)]
    layer.set_moments(np.full(16, 0.5), np.full(16, 2.0))
    values = IMAGES.mean(axis=-1).reshape(2, -1)
    assert_close(layer(values), (values - 0.5) / 2, SUM)


def test_what_is_no_stack_is_refused():
    with pytest.raises(ValueError, match="one or more"):
        dense_encoder(widths=())
    with pytest.raises(ValueError, match="activation must be"):
        dense_encoder(activation="selu")
