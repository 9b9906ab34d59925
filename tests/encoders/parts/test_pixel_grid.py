"""Where the places of a map lie in an image, against what they really see."""

import keras
import numpy as np
import pytest

from mmssl.encoders import blocks, conv_encoder, resnet_encoder, small_conv_encoder
from mmssl.encoders.parts.pixel_grid import pixel_grid
from tests.tolerances import NETWORK, assert_close


def middles(x, y, size):
    """The middles of what each place on a line sees, from networks that only add up."""
    plain = keras.Model(x, y)
    for layer in plain.layers:
        layer.set_weights([np.ones_like(w) if w.ndim > 1 else 0 * w for w in layer.get_weights()])
    lines = np.eye(size, dtype="float32")[:, :, None, None] * np.ones((1, 1, size, 1), "float32")
    seen = np.asarray(plain(lines))[..., 0].mean(axis=2)  # (pixel, place)
    return (np.arange(size) @ seen) / seen.sum(axis=0)


@pytest.mark.parametrize("size", [32, 27])
@pytest.mark.parametrize(
    "layers",
    [
        [(3, 2, 1)],
        [(3, 2, 1), (3, 1, 1), (3, 2, 1)],
        [(4, 2, 1), (4, 2, 1)],
        [(3, 1, 2), (3, 2, 1)],
        [(1, 4, 1), (5, 1, 1)],
    ],
)
def test_the_grid_is_the_middle_of_what_is_seen(layers, size):
    x = y = keras.Input((size, size, 1))
    for kernel, stride, dilation in layers:
        y = keras.layers.Conv2D(1, kernel, stride, padding="same", dilation_rate=dilation)(y)
    stride, offset = pixel_grid(y)
    found = middles(x, y, size)
    inner = slice(len(found) // 2 - 1, len(found) // 2 + 1)  # what no border cuts off
    assert_close(found[inner], (stride * np.arange(len(found)) + offset)[inner], NETWORK)


def test_pooling_and_explicit_padding_count_too():
    x = keras.Input((32, 32, 1))
    y = keras.layers.Conv2D(1, 7, 2)(keras.layers.ZeroPadding2D(3)(x))
    y = keras.layers.AveragePooling2D(3, 2, padding="same")(y)
    assert pixel_grid(y) == (4, 2)


def test_the_blocks_of_encoders_have_the_strides_of_their_maps():
    small = small_conv_encoder(32, (4, 4, 4), (1, 2, 2))
    for encoder in (small, conv_encoder(32, (4, 4), (2, 1), (2, 2), (1, 1))):
        for name in blocks(encoder):
            features = encoder.get_layer(name).output
            assert pixel_grid(features)[0] == 32 / features.shape[1]
    features = resnet_encoder(32, depth=18, width=4).get_layer("block_4").output
    assert pixel_grid(features)[0] == 32 / features.shape[1]


def test_a_layer_that_is_not_known_is_named():
    x = keras.Input((8, 8, 1))
    y = keras.layers.Cropping2D(1, name="trimmed")(x)
    with pytest.raises(ValueError, match="trimmed makes maps of 6 from 8"):
        pixel_grid(y)
