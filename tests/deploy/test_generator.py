import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from mmssl.deploy.checked import ExportMismatchError
from mmssl.deploy.generator import write_generator
from mmssl.deploy.signatures import load_signatures
from mmssl.encoders import (
    code_transformer,
    conv_encoder,
    dalle_encoder,
    image_gpt_encoder,
    wavenet_encoder,
    wavernn_encoder,
)
from mmssl.generation import WaveNetSampler
from mmssl.generation.pixel_sampler import PixelSampler
from mmssl.methods.code_prior import CodePrior
from mmssl.methods.colorization import Colorization
from mmssl.methods.dalle import DALLE
from mmssl.methods.image_gpt import ImageGPT
from mmssl.methods.wavenet import WaveNet
from mmssl.methods.wavernn import WaveRNN
from tests.deploy.conftest import skip_without
from tests.methods.test_pixel_rnn import method_of
from tests.tolerances import NETWORK, rounding

DOCS = Path(__file__).parents[2] / "docs"
NAMES = {"saved_model": "generator", "litert": "generator.tflite"}


def wavenet(**conditions):
    keras.utils.set_random_seed(0)
    method = WaveNet(wavenet_encoder(1, 4, 8, 8, 8, **conditions))
    shape = method.logits.kernel.shape
    method.logits.kernel.assign(np.random.default_rng(0).normal(size=shape))
    return method


@pytest.mark.parametrize("format", NAMES)
def test_the_exported_step_streams_what_the_whole_network_computes(format, tmp_path):
    skip_without(format)
    path = tmp_path / NAMES[format]
    result = write_generator(wavenet(), path, format)
    assert result.path == path
    assert result.bytes > 0
    assert result.max_difference < NETWORK * rounding()
    assert set(load_signatures(path)) >= {"step"}
    done = subprocess.run(
        [sys.executable, DOCS / f"stream_{format}.py", path, "0.01"],
        capture_output=True,
        check=True,
    )
    samples = np.frombuffer(done.stdout, "<i2")
    assert len(samples) == 80
    assert np.ptp(samples.astype(int)) > 1000


def wavernn():
    keras.utils.set_random_seed(0)
    method = WaveRNN(wavernn_encoder(12))
    draw = np.random.default_rng(0)
    for logits in method.logits.values():
        logits.kernel.assign(draw.normal(size=logits.kernel.shape))
    return method


@pytest.mark.parametrize("format", NAMES)
def test_the_exported_step_of_a_wavernn_has_the_logits_and_bytes_of_the_whole(format, tmp_path):
    skip_without(format)
    path = tmp_path / NAMES[format]
    result = write_generator(wavernn(), path, format)
    assert result.max_difference < NETWORK * rounding()


def image_gpt():
    keras.utils.set_random_seed(0)
    method = ImageGPT(image_gpt_encoder(4, 6, 8, 2, 2, 16))
    method.head.kernel.assign(np.random.default_rng(0).normal(size=method.head.kernel.shape))
    return method


def dalle():
    keras.utils.set_random_seed(0)
    method = DALLE(dalle_encoder(11, 4, 7, (2, 3), 8, 2, 2, 16))
    head = method.heads["image"]
    head.kernel.assign(np.random.default_rng(0).normal(size=head.kernel.shape))
    return method


@pytest.mark.parametrize("format", NAMES)
@pytest.mark.parametrize("build", [image_gpt, dalle])
def test_exported_drawing_of_tokens_has_the_logits_of_the_whole(format, build, tmp_path):
    skip_without(format)
    method, path = build(), tmp_path / NAMES[format]
    result = write_generator(method, path, format)
    assert result.max_difference < NETWORK * rounding()
    if format == "litert":
        return
    signatures = load_signatures(path)
    texts = (
        {}
        if build is image_gpt
        else {n: np.ones((2, 4), "int32") for n in ("token_ids", "padding_mask")}
    )
    count = {"count": np.int32(2)} if build is image_gpt else {}

    def sampled(seed):
        given = {"seed": np.array([seed, 0], "int32"), "temperature": np.float32(1)}
        return signatures["sample"](**given, **count, **texts)["codes"]

    np.testing.assert_array_equal(sampled(1), sampled(1))
    assert (sampled(1) != sampled(2)).any()


@pytest.mark.parametrize("format", NAMES)
@pytest.mark.parametrize(
    "told", [{}, {"labels": (3, 2)}, {"upper_shape": (4,), "labels": (2,)}], ids=len
)
def test_the_exported_step_of_a_prior_has_the_logits_of_the_whole(format, told, tmp_path):
    skip_without(format)
    keras.utils.set_random_seed(0)
    sizes = {"width": 8, "depth": 2, "num_heads": 2, "mlp_dim": 8, "conditioner_depth": 1}
    method = CodePrior(code_transformer(5, (8,), **sizes, **told))
    kernel = method.logits.kernel
    kernel.assign(np.random.default_rng(0).normal(size=kernel.shape))
    result = write_generator(method, tmp_path / NAMES[format], format)
    assert result.max_difference < NETWORK * rounding()


def test_a_wavernn_streams_from_its_exported_step(tmp_path):
    write_generator(wavernn(), tmp_path / "generator", "saved_model")
    done = subprocess.run(
        [sys.executable, DOCS / "stream_wavernn.py", tmp_path / "generator", "0.01"],
        capture_output=True,
        check=True,
    )
    samples = np.frombuffer(done.stdout, "<i2")
    assert len(samples) == 80
    assert np.ptp(samples.astype(int)) > 1000


@pytest.mark.parametrize("format", NAMES)
def test_a_conditioned_step_takes_the_speaker_and_the_upsampled_frames(format, tmp_path):
    skip_without(format)
    method = wavenet(num_speakers=3, num_mel_bins=2, mel_hop=8)
    result = write_generator(method, tmp_path / NAMES[format], format)
    assert result.max_difference < NETWORK * rounding()


def test_a_litert_generator_holds_no_flex_operation(tmp_path):
    skip_without("litert")
    write_generator(wavenet(), tmp_path / "generator.tflite", "litert")
    assert b"Flex" not in (tmp_path / "generator.tflite").read_bytes()


@pytest.mark.parametrize("format", NAMES)
def test_exported_drawing_has_the_logits_of_the_whole_picture(format, tmp_path):
    skip_without(format)
    method, path = method_of("row_lstm", 4, levels=3, depth=1), tmp_path / NAMES[format]
    result = write_generator(method, path, format)
    assert result.max_difference < NETWORK * rounding()
    assert format == "saved_model" or b"Flex" not in path.read_bytes()


def test_an_exported_generator_draws_the_pictures_of_a_seed(tmp_path):
    method = method_of("pixel_cnn", 4, levels=3, depth=1)
    write_generator(method, tmp_path / "generator", "saved_model")
    signatures = load_signatures(tmp_path / "generator")

    def sample(seed, temperature):
        given = {"seed": np.array([0, seed], "int32"), "count": np.int32(3)}
        return signatures["sample"](**given, temperature=np.float32(temperature))["symbols"]

    assert sample(1, 1).shape == (3, 4, 4, 3)
    np.testing.assert_array_equal(sample(1, 1), sample(1, 1))
    assert (sample(1, 1) != sample(2, 1)).any()
    likeliest = PixelSampler(method).draw(np.zeros((3, 0, 3), "int32"), temperature=0)
    np.testing.assert_array_equal(sample(1, 0), likeliest)


def test_a_step_that_computes_something_else_is_not_kept(tmp_path, monkeypatch):
    method, start = wavenet(), WaveNetSampler.start

    def begin_elsewhere(sampler, streams):
        queues, time = start(sampler, streams)
        return queues + 1, time

    monkeypatch.setattr(WaveNetSampler, "start", begin_elsewhere)
    with pytest.raises(ExportMismatchError, match="logits"):
        write_generator(method, tmp_path / "generator", "saved_model")
    assert list(tmp_path.iterdir()) == []


def test_what_has_no_step_and_formats_without_one_are_refused(tmp_path):
    encoder = conv_encoder(16, (4, 4), (1, 1), (2, 2), (1, 1))
    with pytest.raises(ValueError, match="Colorization has no step to export"):
        write_generator(Colorization(encoder), tmp_path / "x", "saved_model")
    with pytest.raises(ValueError, match="saved_model or litert; got 'onnx'"):
        write_generator(wavenet(), tmp_path / "x.onnx", "onnx")
    with pytest.raises(ValueError, match=r"ends in \.tflite"):
        write_generator(wavenet(), tmp_path / "x", "litert")
