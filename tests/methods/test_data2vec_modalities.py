"""data2vec on sound and on text: what its Case in the contract, pictures, does not cover."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from mmssl.training.recipe import read_recipe
from tests.contract.cases import build_case, first_batch
from tests.contract.gradients import without_gradient
from tests.contract.tiny import tiny_transformer
from tests.tolerances import SUM, assert_close

SIZES = ("--data.batch_size=4", "--method.top_blocks=2", *tiny_transformer(32))
AUDIO = ("--data.window=4000", "--method.encoder.channels=16", "--method.encoder.position_groups=4")
DOCS = Path(__file__).parents[2] / "docs"  # little text: its vocabulary is learned in a moment
TEXT = (
    f"--data.source={DOCS}",
    "--data.length=48",
    "--data.vocabulary_size=1000",
    "--method.head_widths=[64]",
)
COPIED = ("position_convolution_", "tokens/", "position_embedding", "embedding_norm")
TINY = {"audio/data2vec": SIZES + AUDIO, "text/data2vec": SIZES + TEXT}


@pytest.fixture(scope="module", params=TINY)
def built(request):
    keras.utils.set_random_seed(0)
    data, method = build_case(read_recipe(request.param, TINY[request.param]))
    return method, first_batch(data)


def loss_of(method, batch):
    return method.compute_loss(x=batch, y_pred=method(batch, training=True), training=False)


def resized(batch, more):
    """The batch with `more` tokens of padding at the end, or without so many tokens."""
    if "waveform" not in batch:
        return {name: resize(x, more) for name, x in batch.items()}
    samples = {name: resize(batch[name], 160 * more) for name in ("waveform", "padding_mask")}
    return {**samples, "mask": resize(batch["mask"], more)}


def resize(x, more):
    return tf.pad(x, [[0, 0], [0, more]]) if more > 0 else x[:, :more]


def test_every_trainable_variable_gets_a_gradient_and_the_teacher_none(built):
    method, batch = built
    assert without_gradient(method, lambda: loss_of(method, batch)) == []
    own = {id(variable) for variable in method.teacher.weights}
    assert not any(id(variable) in own for variable in method.trainable_variables)


def test_longer_padding_leaves_the_loss_unchanged(built):
    method, batch = built
    short = resized(batch, -5)
    assert_close(loss_of(method, resized(short, 5)), loss_of(method, short), SUM)


def test_what_is_hidden_from_the_student_is_seen_by_the_teacher_alone(built):
    method, batch = built
    if "waveform" in batch:
        pytest.skip("frames of sound overlap: what is hidden shows in its neighbours")
    places = tf.cast(batch["mask"], tf.bool)
    other = tf.where(places, 7, batch["teacher_token_ids"])
    changed = {**batch, "teacher_token_ids": other}
    np.testing.assert_array_equal(method(changed)["predictions"], method(batch)["predictions"])
    assert float(loss_of(method, changed)) != float(loss_of(method, batch))


def test_a_step_copies_the_shared_tables_and_averages_the_blocks(built):
    method, batch = built
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
    assert copied >= 3  # of text the token table and the norm's two at least
