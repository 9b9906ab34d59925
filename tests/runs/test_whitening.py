"""When the encoder of a run is whitened, and what is said where it is not."""

import json

import numpy as np
import pytest

from mmssl.encoders.parts.whitening import Whitening
from mmssl.runs import Run
from mmssl.runs.probe import Probe
from mmssl.runs.whitening import About, read_whitening, write_whitening
from tests.evaluation.conftest import tiny_encoder

WIDTH = 8  # of the embedding of `tiny_encoder`


def whitening():
    rng = np.random.default_rng(0)
    return Whitening(*(rng.normal(size=s).astype("float32") for s in ((WIDTH,), (WIDTH, 3))))


def about(**changes):
    plain = {"layer": None, "used": True, "why": "told to", "items": 9, "shrinkage": 0.25}
    return About(**plain | changes)


@pytest.fixture
def run(tmp_path):
    run = Run(tmp_path, {"recipe": "tiny", "probe": {"whiten": "auto"}})
    run.encoder = tiny_encoder()
    return run


def width(encoder):
    return encoder.output["embedding"].shape[-1]


def test_what_is_written_is_read_again(tmp_path):
    write_whitening(tmp_path / "whitening.npz", whitening(), about())
    found, known = read_whitening(tmp_path / "whitening.npz")
    np.testing.assert_array_equal(found.mean, whitening().mean)
    np.testing.assert_array_equal(found.kernel, whitening().kernel)
    assert known == about()
    write_whitening(tmp_path / "whitening.npz", None, about(used=False))
    assert read_whitening(tmp_path / "whitening.npz") == (None, about(used=False))


@pytest.mark.parametrize("at", [0.1, 0.3, 0.6])
def test_a_damaged_file_is_named_with_what_to_do(run, at):
    path = run.files.whitening
    write_whitening(path, whitening(), about())
    content = bytearray(path.read_bytes())
    content[int(at * len(content))] ^= 255
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"whitening\.npz is damaged \(.*delete it, and the same"):
        run.deployed_encoder()


def test_pickled_arrays_are_refused(run):
    objects = np.array([{"a": 1}], dtype=object)
    np.savez(run.files.whitening, about=json.dumps(vars(about())), mean=objects, kernel=objects)
    with pytest.raises(ValueError, match=r"damaged .*allow_pickle=False"):
        run.deployed_encoder()


@pytest.mark.parametrize(
    ("used", "asked", "expected"),
    [
        *((True, "auto", 3), (True, "pca", 3), (True, "none", WIDTH)),
        *((False, "auto", WIDTH), (False, "pca", 3), (False, "none", WIDTH)),
    ],
)
def test_the_decision_of_the_run_holds_unless_another_is_asked_for(run, used, asked, expected):
    write_whitening(run.files.whitening, whitening(), about(used=used))
    assert width(run.deployed_encoder(whiten=asked)) == expected


def test_another_layer_is_not_whitened_and_it_says_so(run, caplog):
    write_whitening(run.files.whitening, whitening(), about())
    assert width(run.deployed_encoder("block_1")) == width(run.encoder_at("block_1"))
    reason = "the run is whitened at the whole encoder, not at block_1"
    assert f"vectors are not whitened: {reason}." in caplog.text
    with pytest.raises(ValueError, match=f"cannot be whitened: {reason}"):
        run.deployed_encoder("block_1", "pca")


def test_a_step_before_the_end_is_not_whitened_and_it_says_so(run, caplog):
    write_whitening(run.files.whitening, whitening(), about())
    run.kept = 7
    assert width(run.deployed_encoder()) == WIDTH
    assert "a run is whitened at its end, and this encoder is of step 7." in caplog.text


def test_a_whitening_that_is_missing_is_told_of(run, caplog):
    assert run.deployed_encoder() is run.encoder
    assert "it has no whitening.npz; the same `mmssl pretrain` command writes it," in caplog.text


def test_what_decided_against_it_is_told(run):
    write_whitening(run.files.whitening, None, about(used=False, why="nothing varies"))
    with pytest.raises(ValueError, match="cannot be whitened: nothing varies"):
        run.deployed_encoder(whiten="pca")


def test_wrong_arguments_are_refused(run):
    with pytest.raises(ValueError, match=r"whiten='zca' must be one of auto, pca, none"):
        run.deployed_encoder(whiten="zca")
    with pytest.raises(ValueError, match=r"probe\.components must be at least 1; got 0"):
        Probe(components=0)
