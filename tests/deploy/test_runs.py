import numpy as np
import pytest
import tensorflow as tf

from mmssl.deploy.runs import export_run
from mmssl.encoders import conv_encoder, cut
from tests.deploy.conftest import run_with


@pytest.fixture
def run(tmp_path):
    encoder = conv_encoder(
        size=16, channels=(8, 64, 64), depths=(1, 1, 1), strides=(2, 2, 1), dilations=(1, 1, 1)
    )
    return run_with(tmp_path, encoder)


def test_an_encoder_that_ends_after_a_block_leaves_the_later_ones_out(run, tmp_path):
    exported = export_run(run, "saved_model", tmp_path / "cut", "block_1")
    stored = tf.train.list_variables(str(exported.path / "variables" / "variables"))
    numbers = sum(int(np.prod(shape)) for name, shape in stored if "/.ATTRIBUTES/" in name)
    assert numbers <= cut(run.encoder, "block_1").count_params() + 1  # and a save counter
    assert run.encoder.count_params() > 100 * numbers


def test_a_lite_file_of_a_block_is_small(run, tmp_path):
    pytest.importorskip("ai_edge_litert", reason="the extra litert is not installed")
    whole = export_run(run, "litert", tmp_path / "whole.tflite")
    part = export_run(run, "litert", tmp_path / "part.tflite", "block_1")
    saved = run.encoder.count_params() - cut(run.encoder, "block_1").count_params()
    assert whole.bytes - part.bytes > 3.9 * saved  # a float takes four bytes
