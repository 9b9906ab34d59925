import keras
import numpy as np
import pytest
from keras import ops

from mmssl.layers import CausalEmbedding, FrameUpsampling, GatedUnit, GroupedConvolution
from mmssl.layers.convolution import delayed
from tests.tolerances import ROUNDING, SUM, assert_close


@pytest.mark.parametrize(
    ("steps", "expected"), [(1, [0, 1, 2, 3]), (3, [0, 0, 0, 1]), (9, [0] * 4)]
)
def test_a_delay_puts_zeros_first_and_keeps_the_length(steps, expected):
    x = np.array([1.0, 2, 3, 4], "float32")[None, :, None]
    np.testing.assert_array_equal(np.asarray(delayed(x, steps))[0, :, 0], expected)


def test_the_embedding_is_a_causal_convolution_over_one_hot_codes():
    layer = CausalEmbedding(6, 4)
    codes = np.array([[5, 0, 3, 3, 1]])
    layer.build(codes.shape)
    layer.bias.assign(np.arange(4.0))
    convolution = keras.layers.Conv1D(4, 2, padding="causal")
    convolution.build((None, None, 6))
    now, before = np.split(layer.table.numpy(), 2, axis=1)
    convolution.set_weights([np.stack([before, now]), layer.bias.numpy()])
    expected = convolution(ops.one_hot(codes, 6))
    assert_close(layer(codes), expected, ROUNDING)


@pytest.mark.parametrize("kernel", [2, 3])
@pytest.mark.parametrize("dilation", [1, 4])
def test_the_unit_is_two_gated_dilated_convolutions_and_two_1x1_ones(kernel, dilation):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 12, 3)).astype("float32")
    speaker = rng.normal(size=(2, 1, 5)).astype("float32")
    frames = rng.normal(size=(2, 12, 2)).astype("float32")
    unit = GatedUnit(4, 6, dilation, kernel)
    out, skip = unit([x, speaker, frames])
    # Taps lie in the unit's matrix with this step's first; Conv1D has it last.
    taps = unit.convolution.kernel.numpy().reshape(kernel, 3, 8)[::-1]
    convolution = keras.layers.Conv1D(8, kernel, padding="causal", dilation_rate=dilation)
    convolution.build(x.shape)
    convolution.set_weights([taps, unit.convolution.bias.numpy()])
    told = sum(
        c @ v.kernel.numpy() for c, v in zip((speaker, frames), unit.conditioners, strict=True)
    )
    signal, gate = np.split(np.asarray(convolution(x)) + told, 2, axis=-1)
    z = np.tanh(signal) / (1 + np.exp(-gate))
    outputs = z @ unit.projection.kernel.numpy() + unit.projection.bias.numpy()
    assert_close(skip, outputs[..., :6], SUM)
    assert_close(out, x + outputs[..., 6:], SUM)


def test_the_last_unit_has_no_residual():
    unit = GatedUnit(4, 6, 2, last=True)
    x = np.ones((1, 5, 3), "float32")
    out, skip = unit([x])
    np.testing.assert_array_equal(out, x)
    assert skip.shape == (1, 5, 6)
    assert unit.projection.kernel.shape == (4, 6)


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


def test_frames_begin_as_the_mean_of_the_two_nearest_and_are_cut_to_the_samples():
    frames = np.array([[[1.0], [3.0], [5.0]]], "float32")
    layer = FrameUpsampling(4)
    out = np.asarray(layer([frames, np.zeros((1, 11))]))[0, :, 0]
    # Half a frame at either end has one neighbor only.
    assert_close(out, [0.5, 0.5, 2, 2, 2, 2, 4, 4, 4, 4, 2.5], ROUNDING)
    assert layer.upsample(frames).shape == (1, 12, 1)


def test_channels_are_kept_apart():
    frames = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32")
    layer = FrameUpsampling(3)
    layer.build([frames.shape, (2, 15)])
    whole = np.asarray(layer.upsample(frames))
    assert_close(whole[..., 1:2], layer.upsample(frames[..., 1:2]), ROUNDING)
