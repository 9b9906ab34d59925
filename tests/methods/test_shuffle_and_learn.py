"""Shuffle and Learn: whether three frames are in the order of time."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from mmssl.encoders import frame_encoder, small_conv_encoder
from mmssl.methods.shuffle_and_learn import EDGE, RIGHT, WRONG, ShuffleAndLearn, framed
from mmssl.pipelines.video import FrameTriples
from tests.contract.building import loss_of
from tests.contract.cases import Case
from tests.tolerances import NETWORK, ROUNDING, SUM, assert_close

CASE = Case(
    "video/shuffle_and_learn",
    (
        "--data.batch_size=8",
        "--data.size=8",
        "--data.limit=64",
        "--method.hidden=[8]",
        "--method.encoder.encoder.init_args.size=8",
        "--method.encoder.encoder.init_args.channels=[6]",
        "--method.encoder.encoder.init_args.depths=[1]",
        "--method.encoder.encoder.init_args.strides=[2]",
        "--method.encoder.encoder.init_args.dilations=[1]",
        "--method.encoder.encoder.init_args.grid=2",
    ),
    # The classifier begins at zero: no more than rounding is allowed.
    initial_loss=(np.log(2), 0.00001),
)
SIZE = 8


def method_of(hidden=()):
    keras.utils.set_random_seed(0)
    encoder = frame_encoder(SIZE, 3, "concatenate", small_conv_encoder(SIZE, (6, 6), (2, 2)))
    method = ShuffleAndLearn(encoder, hidden)
    kernel = method.head.get_layer("logits").kernel
    kernel.assign(np.random.default_rng(0).normal(size=kernel.shape))
    return method


@pytest.fixture
def batch():
    draw = np.random.default_rng(0)
    return {
        "frames": draw.random((6, 3, SIZE, SIZE, 3), "float32"),
        "in_order": np.array([1, 0, 0, 1, 0, 0], "int32"),
    }


def test_the_loss_is_the_cross_entropy_of_the_two_answers(batch):
    method = method_of()
    logits = np.asarray(method(batch), "float64")
    expected = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(6), batch["in_order"]]
    assert_close(float(loss_of(method, batch, training=False)), expected.mean(), SUM)


def test_all_frames_go_through_the_same_network_and_are_put_side_by_side(batch):
    method = method_of()
    alone = [
        method.encoder({"frames": np.repeat(batch["frames"][:, k : k + 1], 3, axis=1)})["features"]
        for k in range(3)
    ]
    beside = np.concatenate([np.asarray(vectors)[:, 0] for vectors in alone], axis=-1)
    assert_close(method(batch), method.head(beside), NETWORK)


def test_frames_that_are_all_alike_cannot_be_told(batch):
    method = method_of()
    still = np.repeat(batch["frames"][:, :1], 3, axis=1)
    for label in (0, 1):
        answers = np.asarray(method({"frames": still, "in_order": np.full(6, label, "int32")}))
        assert_close(answers, method({**batch, "frames": still}), ROUNDING)


def test_accuracy_on_held_out_videos_is_that_of_its_guesses_beside_the_majority():
    data = FrameTriples("builtin:motion", size=SIZE, batch_size=8, limit=16)
    method = method_of()
    found = method.validate(data)
    hits = [
        np.argmax(method(batch), axis=-1) == batch["in_order"]
        for batch in data.batches().take(len(data)).as_numpy_iterator()
    ]
    assert found == {"task_accuracy": np.mean(hits), "chance_accuracy": 0.75}


def test_the_report_frames_right_answers_in_green_and_wrong_ones_in_red(batch):
    found = framed(batch["frames"][:2], np.array([True, False]))
    assert found.shape == (2, SIZE + 2 * EDGE, 3 * SIZE + 2 * EDGE, 3)
    np.testing.assert_array_equal(found[0, 0, 0], np.array(RIGHT, "float32"))
    np.testing.assert_array_equal(found[1, -1, -1], np.array(WRONG, "float32"))
    inside = found[0, EDGE:-EDGE, EDGE:-EDGE]
    np.testing.assert_array_equal(inside[:, SIZE : 2 * SIZE], batch["frames"][0, 1])


def test_the_report_has_a_page_for_each_answer_that_is_given():
    data = FrameTriples("builtin:motion", size=SIZE, batch_size=8, limit=16)
    pages = method_of().report_images(data)
    assert {title for title, _, _ in pages} <= {"Told to be in order", "Told to be out of order"}
    counts = [int(caption.split(": ")[1].split(",")[0]) for _, caption, _ in pages]
    assert sum(counts) == 8
    for _, caption, image in pages:
        assert "%" in caption
        assert image.shape[1] == 2 * (3 * SIZE + 2 * EDGE)


@pytest.mark.parametrize(("answer", "color"), [(1, WRONG), (0, RIGHT)])
def test_where_no_triple_is_in_order_only_that_answer_is_framed_in_green(batch, answer, color):
    method = method_of()
    told = {**batch, "in_order": np.zeros(len(batch["frames"]), "int32")}
    method.infer = lambda given: np.eye(2)[np.full(len(told["frames"]), answer)]
    [(_, _, image)] = method.report_images(SimpleNamespace(batches=lambda: [told]))
    np.testing.assert_array_equal(image[0, 0], np.rint(255 * np.array(color, "float32")))


@pytest.mark.parametrize(
    "build", [lambda: frame_encoder(SIZE, 4), lambda: small_conv_encoder(SIZE)]
)
def test_an_encoder_of_another_number_of_frames_is_refused(build):
    with pytest.raises(ValueError, match="must take 3 frames"):
        ShuffleAndLearn(build())
