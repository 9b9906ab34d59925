"""data2vec on sound and on text: what the contract does not ask of them."""

import numpy as np
import pytest
import tensorflow as tf

from tests.contract.building import built, loss_of, prepared
from tests.methods import test_data2vec
from tests.tolerances import SUM, assert_close

COPIED = ("position_convolution_", "tokens/", "position_embedding", "embedding_norm")


@pytest.fixture(scope="module", params=test_data2vec.CASES)
def made(request):
    config = test_data2vec.CASES[request.param].config()
    batches = list(prepared(config["data"]).batches(seed=0).take(1).as_numpy_iterator())
    return built(config, batches), batches[0]


def resized(batch, more):
    """The batch with `more` tokens of padding at the end, or without so many tokens."""
    if "waveform" not in batch:
        return {name: resize(x, more) for name, x in batch.items()}
    samples = {name: resize(batch[name], 20 * more) for name in ("waveform", "padding_mask")}
    return {**samples, "mask": resize(batch["mask"], more)}


def resize(x, more):
    return tf.pad(x, [[0, 0], [0, more]]) if more > 0 else x[:, :more]


def test_longer_padding_leaves_the_loss_unchanged(made):
    method, batch = made
    short = resized(batch, -5)
    assert_close(
        loss_of(method, resized(short, 5), training=False),
        loss_of(method, short, training=False),
        SUM,
    )


def test_what_is_hidden_from_the_student_is_seen_by_the_teacher_alone(made):
    method, batch = made
    if "waveform" in batch:
        pytest.skip("frames of sound overlap: what is hidden shows in its neighbors")
    places = tf.cast(batch["mask"], tf.bool)
    other = tf.where(places, 7, batch["teacher_token_ids"])
    changed = {**batch, "teacher_token_ids": other}
    np.testing.assert_array_equal(method(changed)["predictions"], method(batch)["predictions"])
    assert float(loss_of(method, changed, training=False)) != float(
        loss_of(method, batch, training=False)
    )


def test_a_step_copies_the_shared_tables_and_averages_the_blocks(made):
    method, batch = made
    method.make_train_function()
    for _ in range(2):
        method.train_function([batch])
    before = {v.path: v.numpy() for v in method.teacher.model.weights}
    student = {v.path: v.numpy() for v in method.student.weights}
    momentum = float(method.teacher.current_momentum())
    method.teacher.update(method.student)
    copied = 0
    for variable, name in zip(method.teacher.model.weights, student, strict=True):
        mean = momentum * before[variable.path] + (1 - momentum) * student[name]
        is_copied = any(part in variable.path for part in COPIED)
        copied += is_copied
        expected = student[name] if is_copied else mean
        assert_close(variable, expected, SUM)
    # Of sound the position convolution's two, of text the token table and the norm's two.
    assert copied >= (2 if "waveform" in batch else 3)
