import numpy as np
import pytest

from mmssl.deploy.example import example_inputs
from mmssl.deploy.formats import export
from mmssl.encoders import blocks, cut, resnet_encoder, small_conv_encoder
from tests.tolerances import NETWORK, SUM, assert_close, rounding


@pytest.mark.parametrize(
    ("arguments", "parameters", "features"),
    [
        ({"size": 32, "depth": 18, "small_images": True}, 11_168_832, (None, 4, 4, 512)),
        ({"size": 224, "depth": 50}, 23_508_032, (None, 7, 7, 2048)),
    ],
)
def test_its_sizes_are_the_papers(arguments, parameters, features):
    encoder = resnet_encoder(**arguments)
    trained = sum(int(np.prod(v.shape)) for v in encoder.trainable_variables)
    assert trained == parameters
    assert encoder.output["features"].shape == features
    assert encoder.output["embedding"].shape == (None, features[-1])
    assert blocks(encoder) == ["block_1", "block_2", "block_3", "block_4"]


def test_residual_branches_begin_at_zero():
    encoder = resnet_encoder(16, 18, width=4, small_images=True)
    stem = next(layer for layer in encoder.layers if type(layer).__name__ == "ReLU")
    both = type(encoder)(encoder.input, [stem.output, encoder.get_layer("block_1").output])
    first, last = both({"images": np.random.default_rng(0).random((2, 16, 16, 3))})
    assert_close(first, last, SUM)


def test_a_stage_of_it_is_cut_and_exported_without_flex(tmp_path):
    encoder = resnet_encoder(16, 50, width=4, small_images=True)
    stage = cut(encoder, "block_3")
    assert stage.output["embedding"].shape == (None, 64)
    result = export(stage, tmp_path / "encoder.tflite", "litert", example_inputs(stage))
    assert result.max_difference < NETWORK * rounding()


def test_another_depth_is_refused():
    with pytest.raises(ValueError, match="must be one of 18, 34, 50, 101"):
        resnet_encoder(depth=20)


def test_the_small_one_has_a_quarter_of_a_million_parameters():
    encoder = small_conv_encoder()
    assert 240_000 <= encoder.count_params() <= 245_000
    assert encoder.output["features"].shape == (None, 4, 4, 128)
    assert encoder.output["embedding"].shape == (None, 128)
    assert blocks(encoder) == ["block_1", "block_2", "block_3", "block_4"]


def test_a_stride_is_needed_for_each_convolution():
    with pytest.raises(ValueError, match="channels and strides of equal length"):
        small_conv_encoder(channels=(8, 8), strides=(1,))
