"""Batches of a tf.data service."""

import itertools
import os
import signal
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from mmssl.cli import main
from mmssl.pipelines.audio import AudioWindows, MaskedWindows
from mmssl.pipelines.images import ImageCrops, ImageViews
from mmssl.pipelines.parts import Parts
from mmssl.pipelines.steps import batch_maker
from mmssl.pipelines.text import TokenBlocks
from mmssl.runs.recipe import build
from mmssl.training.launch import launch
from mmssl.training.pretraining import pretrain
from mmssl.training.service import AHEAD, Service, check_target, in_order
from tests.contract.tolerances import REPLICAS, assert_near
from tests.contract.visit import joined


def made(step):
    return f"own {step}"


def arrived(*steps):
    return [step if step is None else (step, f"sent {step}") for step in steps]


def taken(arriving, first, count):
    return list(itertools.islice(in_order(arriving, made, first), count))


def test_batches_come_in_order_however_they_arrive(caplog):
    found = taken(arrived(5, 3, 4, 7, 6), 3, 5)
    assert found == ["sent 3", "sent 4", "sent 5", "sent 6", "sent 7"]
    assert caplog.text == ""


def test_what_got_lost_is_made_and_what_is_late_is_dropped(caplog):
    rest = range(2, 2 + AHEAD)
    found = taken(arrived(0, *rest, 1, 2 + AHEAD), 0, AHEAD + 3)
    assert found[:3] == ["sent 0", "own 1", "sent 2"]
    assert found[-1] == f"sent {2 + AHEAD}"
    assert "batch 1 did not come from the data service" in caplog.text


def test_where_nothing_arrives_for_long_or_any_more_the_run_goes_on():
    assert taken(arrived(None, 1, 2), 0, 4) == ["own 0", "sent 1", "sent 2", "own 3"]
    assert taken([], 7, 2) == ["own 7", "own 8"]


@pytest.mark.parametrize(
    "pipeline",
    [
        lambda: AudioWindows(window=2000, batch_size=4),
        lambda: MaskedWindows(
            window=2000, batch_size=4, kernel_sizes=(10, 4), strides=(5, 4), equal_rows=True
        ),
        lambda: ImageCrops(size=16, batch_size=4),
        lambda: ImageViews(size=16, batch_size=4),
        lambda: TokenBlocks(length=16, vocabulary_size=300, batch_size=4, limit=20),
    ],
)
def test_single_batches_are_those_of_the_pipeline(pipeline):
    pipeline = pipeline().prepare()
    make = batch_maker(pipeline, seed=3)
    several = pipeline.batches(seed=3).take(len(pipeline) + 1).as_numpy_iterator()
    for step, batch in enumerate(several):
        if step in (0, 1, len(pipeline)):
            single = make(tf.constant(step, tf.int64))
            assert single.keys() == batch.keys()
            for name, value in batch.items():
                np.testing.assert_array_equal(single[name], value)


@pytest.mark.parametrize("equal_rows", [False, True])
def test_single_parts_are_those_that_a_worker_reads(equal_rows):
    pipeline = MaskedWindows(
        window=2000, batch_size=4, kernel_sizes=(10, 4), strides=(5, 4), equal_rows=equal_rows
    ).prepare()
    parts = Parts(1, 2, 4)
    make = batch_maker(pipeline, 3, parts)
    for turn, part in enumerate(pipeline.batches(0, 3, parts).take(6).as_numpy_iterator()):
        single = make(tf.constant(turn, tf.int64))
        for name, value in part.items():
            np.testing.assert_array_equal(single[name], value)


@pytest.mark.parametrize(
    "target", ["localhost:5050", "grpc://localhost", "grpc://:1", "http://a:1"]
)
def test_an_address_that_is_none_is_refused(target):
    with pytest.raises(ValueError, match="must be an address such as grpc://localhost:5050"):
        check_target(target)


def test_a_run_says_at_once_that_nothing_answers(tmp_path, capsys):
    command = ["pretrain", "audio/cpc", "--fit.steps", "2", "--out", str(tmp_path / "run")]
    assert main([*command, "--fit.data_service", "grpc://localhost:9"]) == 2
    assert "nothing answers at grpc://localhost:9" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def started(*arguments):
    """Starts a part of a service, and returns its process and what it says first."""
    command = [sys.executable, "-m", "mmssl.cli", "data-service", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    return process, process.stdout.readline().strip()


@pytest.fixture
def service():
    """The address of a service with two workers, and their processes."""
    dispatcher, told = started("dispatcher")
    target = told.rpartition(" ")[2]
    workers = [started("worker", target)[0] for _ in range(2)]
    yield target, workers
    for process in (*workers, dispatcher):
        process.kill()
        process.wait()


@pytest.mark.slow
def test_workers_make_the_batches_of_the_run_even_when_one_is_killed(service, tmp_path, caplog):
    target, workers = service
    source = {"window": 2000, "batch_size": 4, "cache": False}
    spec = {"class_path": "mmssl.pipelines.audio.AudioWindows", "init_args": source}
    data = build(spec).prepare(tmp_path)
    batches = iter(Service(target, data, spec, tmp_path, seed=1).batches(5))
    expected = data.batches(5, seed=1).as_numpy_iterator()
    for step in range(5, 400):
        if step == 40:
            assert [worker.poll() for worker in workers] == [None, None]
            os.kill(workers[0].pid, signal.SIGKILL)
        batch, one = next(batches), next(expected)
        assert batch.keys() == one.keys()
        for name, value in one.items():
            np.testing.assert_array_equal(batch[name], value)
    assert "the data service ended" not in caplog.text


TINY = ["--fit.steps=4", "--fit.monitor_examples=0", "--data.batch_size=4", "--data.size=32"]


def encoder_weights(folder):
    return keras.saving.load_model(folder / "encoder.keras", compile=False).get_weights()


@pytest.mark.slow
def test_a_run_with_a_service_ends_with_the_weights_of_one_without(service, tmp_path):
    target, _ = service
    with_service = [*TINY, f"--fit.data_service={target}"]
    for name, overrides in (("one", TINY), ("two", with_service)):
        pretrain("vision/colorization", tmp_path / name, overrides, quiet=True)
    one, two = (encoder_weights(tmp_path / name) for name in ("one", "two"))
    for weight, other in zip(one, two, strict=True):
        np.testing.assert_array_equal(weight, other)
    command = ["pretrain", "vision/colorization", "--out", str(tmp_path / "three"), *with_service]
    assert launch(command, 2) == 0
    assert_near(joined(encoder_weights(tmp_path / "three")), joined(one), REPLICAS)
