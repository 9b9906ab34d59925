import keras
import numpy as np
import pytest

from mmssl.layers.grouped_convolution import GroupedConvolution
from tests.tolerances import SUM, assert_close


@pytest.mark.parametrize(("kernel", "shape"), [((3, 3), (2, 5, 4, 8)), ((7,), (2, 9, 8))])
def test_it_is_keras_own_convolution_with_groups(kernel, shape):
    x = np.random.default_rng(0).normal(size=shape).astype("float32")
    rank = {1: keras.layers.Conv1D, 2: keras.layers.Conv2D}[len(kernel)]
    theirs = rank(12, kernel, padding="same", groups=4, bias_initializer="normal")
    ours = GroupedConvolution(12, kernel, groups=4)
    expected = theirs(x)
    ours.build(shape)
    ours.set_weights(theirs.get_weights())
    assert_close(ours(x), expected, SUM)


def test_it_comes_back_from_its_config():
    layer = GroupedConvolution(8, (3,), groups=2)
    again = GroupedConvolution.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()


def test_channels_that_groups_do_not_divide_are_refused():
    with pytest.raises(ValueError, match="groups=3"):
        GroupedConvolution(9, (3,), groups=3).build((None, 4, 8))
