import numpy as np

from mmssl.layers import FrameUpsampling
from tests.tolerances import ROUNDING, assert_close


def test_frames_begin_as_the_mean_of_the_two_nearest_and_are_cut_to_the_samples():
    frames = np.array([[[1.0], [3.0], [5.0]]], "float32")
    layer = FrameUpsampling(4)
    out = np.asarray(layer([frames, np.zeros((1, 11))]))[0, :, 0]
    # Half a frame at either end has one neighbour only.
    assert_close(out, [0.5, 0.5, 2, 2, 2, 2, 4, 4, 4, 4, 2.5], ROUNDING)
    assert layer.upsample(frames).shape == (1, 12, 1)


def test_channels_are_kept_apart():
    frames = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32")
    layer = FrameUpsampling(3)
    layer.build([frames.shape, (2, 15)])
    whole = np.asarray(layer.upsample(frames))
    assert_close(whole[..., 1:2], layer.upsample(frames[..., 1:2]), ROUNDING)
