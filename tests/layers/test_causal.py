import keras
import numpy as np
import pytest
from keras import ops

from mmssl.layers import CausalEmbedding, GatedUnit
from mmssl.layers.causal import delayed
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
