"""Residual networks of clips."""

import numpy as np
import pytest

from mmssl.deploy.example import example_inputs
from mmssl.deploy.formats import export
from mmssl.encoders import blocks, cut, resnet_3d_encoder
from tests.tolerances import NETWORK, SUM, assert_close, rounding

TINY = {
    "size": 8,
    "frames": 4,
    "depth": 6,
    "width": 4,
    "small_images": True,
    "temporal_kernels": (1, 3),
}


# With the stem of large pictures, which pools each frame by itself.
POOLED = TINY | {"size": 16, "small_images": False}


@pytest.fixture(scope="module")
def tiny():
    return resnet_3d_encoder(**TINY)


def clips(count=2, frames=4, size=8):
    return np.random.default_rng(0).random((count, frames, size, size, 3), "float32")


def test_its_sizes_are_the_papers():
    encoder = resnet_3d_encoder()
    # 23.5 million of ResNet-50, and three frames in place of one in nine first convolutions.
    trained = sum(int(np.prod(v.shape)) for v in encoder.trainable_variables)
    more = 4 * 3 * 7 * 7 * 64 + 2 * (512 + 5 * 1024) * 256 + 2 * (1024 + 2 * 2048) * 512
    assert trained == 23_508_032 + more
    assert encoder.output["features"].shape == (None, 8, 7, 7, 2048)
    assert encoder.output["embedding"].shape == (None, 2048)
    assert blocks(encoder) == ["block_1", "block_2", "block_3", "block_4"]


def test_residual_branches_begin_at_zero(tiny):
    stem = next(layer for layer in tiny.layers if type(layer).__name__ == "ReLU")
    both = type(tiny)(tiny.input, [stem.output, tiny.get_layer("block_1").output])
    first, last = both({"frames": clips()})
    assert_close(first, last, SUM)


def test_without_temporal_kernels_no_frame_sees_another():
    encoder = resnet_3d_encoder(**TINY | {"temporal_kernels": (1, 1)}, stem_kernel=1, stem_stride=1)
    together = np.asarray(encoder({"frames": clips()})["features"])
    assert together.shape[1] == 4
    shuffled = np.asarray(encoder({"frames": clips()[:, ::-1]})["features"])
    assert_close(shuffled[:, ::-1], together, NETWORK)


def test_with_them_the_order_of_the_frames_matters(tiny):
    for layer in tiny.layers:
        if "norm" in layer.name:
            layer.gamma.assign(np.ones(layer.gamma.shape))
    one = np.asarray(tiny({"frames": clips()})["embedding"])
    other = np.asarray(tiny({"frames": clips()[:, ::-1]})["embedding"])
    assert np.abs(one - other).max() > 0.01


@pytest.mark.parametrize("form", ["litert", "onnx"])
def test_a_stage_of_it_is_cut_and_exported(tmp_path, form):
    stage = cut(resnet_3d_encoder(**POOLED), "block_1")
    assert stage.output["embedding"].shape == (None, 4)
    path = tmp_path / {"litert": "encoder.tflite", "onnx": "encoder.onnx"}[form]
    result = export(stage, path, form, example_inputs(stage))
    assert result.max_difference < NETWORK * rounding()


def test_arguments_out_of_range_are_refused():
    with pytest.raises(ValueError, match="must be one of 6, 10, 18, 34, 50"):
        resnet_3d_encoder(depth=20)
    with pytest.raises(ValueError, match="takes 4 temporal_kernels"):
        resnet_3d_encoder(temporal_kernels=(1, 1, 3))
    with pytest.raises(ValueError, match="and stem_stride, of 1 or more"):
        resnet_3d_encoder(stem_stride=0)
