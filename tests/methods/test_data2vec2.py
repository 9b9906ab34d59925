import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.contract.cases import Case
from tests.contract.learning import on_clothes
from tests.contract.sizes import TINY_PATCHES, TINY_SOUND, TINY_TEXT
from tests.methods.small_data2vec2 import (
    batch,
    every,
    inputs,
    loss_of,
    pictures,
    sets,
    text,
)
from tests.tolerances import NETWORK, ROUNDING, SUM, TRAINING, assert_close

CASE = Case(
    "vision/data2vec2",
    (
        *TINY_PATCHES,
        "--data.num_masks=2",
        "--method.top_blocks=2",
        "--method.class_weight=1.0",
        "--method.decoder_channels=16",
        "--method.decoder_groups=4",
    ),
    # Predictions start at zero, which costs sqrt(16).
    initial_loss=(4.0, 0.01),
    theory=("--method.class_weight=0",),
    **on_clothes(0.02),
)
CASES = {
    "audio": Case(
        "audio/data2vec2",
        (
            *TINY_SOUND,
            "--data.num_masks=2",
            "--method.top_blocks=1",
            "--method.decoder_depth=1",
            "--method.decoder_channels=16",
            "--method.decoder_groups=4",
        ),
        # Predictions start at zero, which costs sqrt(32) times the variance of the targets: 1, but
        # for the norm's epsilon beside the small variances of an untrained network.
        initial_loss=(32**0.5, 0.5),
    ),
    "text": Case(
        "text/data2vec2",
        (
            *TINY_TEXT,
            "--method.top_blocks=1",
            "--method.decoder_depth=1",
            "--method.decoder_channels=16",
            "--method.decoder_groups=4",
        ),
    ),
}


@every
def test_the_loss_of_several_masks_is_the_mean_of_single_ones(build):
    method = build()
    data = batch(method, num_masks=3)
    singles = [
        {k: v[:, m : m + 1] if k in ("visible", "masked", "noise") else v for k, v in data.items()}
        for m in range(3)
    ]
    mean = np.mean([float(loss_of(method, single)) for single in singles])
    assert_close(loss_of(method, data), mean, SUM)


@every
def test_the_teacher_runs_once_for_all_masks(build):
    method, calls = build(), []
    data = batch(method, num_masks=4)
    original = method.teacher.call

    def counted(inputs, training=False):
        calls.append(len(next(iter(inputs.values()))))
        return original(inputs, training)

    method.teacher.call = counted
    loss_of(method, data, training=True)
    assert calls == [3]
    assert int(method.teacher.updates) == 1


@every
def test_every_trainable_variable_gets_a_gradient_and_the_teacher_none(build):
    method = build(noise_stddev=0.01)
    data = batch(method)
    with tf.GradientTape() as tape:
        loss = method.compute_loss(data, None, method(data, training=True), None)
    variables = method.trainable_variables
    gradients = tape.gradient(loss, [variable.value for variable in variables])
    assert [v.path for v, g in zip(variables, gradients, strict=True) if g is None] == []
    frozen = {id(v) for v in [*method.teacher.variables, *method.noise.variables]}
    assert not frozen & {id(v) for v in variables}


@every
def test_the_encoder_that_is_kept_has_no_decoder_teacher_or_noise(build):
    method = build()
    parts = [*method.teacher.variables, *method.noise.variables, *method.decoder.variables]
    assert not {id(v) for v in parts} & {id(v) for v in method.encoder.variables}


def test_the_targets_of_all_places_are_those_of_the_whole_example():
    method = pictures()
    data = batch(method)
    encoder = method.encoder
    names = [f"block_{k}_feed_forward" for k in (2, 3)]
    hidden = keras.Model(encoder.input, [encoder.get_layer(name).output for name in names])

    def normed(x, axis):
        return (x - x.mean(axis, keepdims=True)) / np.sqrt(x.var(axis, keepdims=True) + 1e-5)

    # Without the class token, which has no part in the statistics.
    states = [normed(x.numpy()[:, 1:], 1) for x in hidden({"images": data["images"]})]
    expected = normed(np.mean(states, axis=0), 2)
    assert_close(method.targets(data, method(data)), expected, NETWORK)


def test_predicting_nothing_costs_the_root_of_the_channels():
    method = pictures()
    last = method.decoder.get_layer("predict")
    last.set_weights([0 * w for w in last.get_weights()])
    assert_close(loss_of(method, batch(method)), 16**0.5, TRAINING)


def test_a_prediction_is_compared_with_the_target_at_its_own_place():
    method = pictures()
    data = batch(method)
    outputs = method(data)
    targets, masked = method.targets(data, outputs).numpy(), data["masked"].numpy()
    own = np.concatenate([targets[row][masked[row]] for row in range(3)])
    right, wrong = (
        float(method.compute_loss(data, None, {**outputs, "predictions": x}, None, training=False))
        for x in (own, own[:, ::-1])
    )
    assert right < wrong / 100


def test_the_class_term_is_the_mean_over_students():
    plain, weighted = pictures(), pictures(class_weight=0.5)
    data = batch(plain)
    outputs = plain(data)
    mean = np.repeat(plain.targets(data, outputs).numpy().mean(axis=1), 2, axis=0)
    term = np.mean(np.sum((outputs["class"] - mean) ** 2, axis=-1) / 16**0.5)
    added = float(loss_of(weighted, data)) - float(loss_of(plain, data))
    assert_close(added, 0.5 * term, NETWORK)


@pytest.mark.parametrize(
    ("ends", "half"),
    [((0.9998, 0.99999), 0.999895), ((0.999, 0.99999), 0.999495), ((0.9999, 0.99999), 0.999945)],
)
def test_momentum_is_halfway_after_half_of_the_ramp(ends, half):
    method = pictures(momentum=ends[0], final_momentum=ends[1], momentum_steps=1000)
    method.teacher.updates.assign(501)  # the first finds two equal models and does not count
    assert_close(method.teacher.current_momentum(), half, ROUNDING)


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="decoder_axes=1"):
        text(decoder_axes=2)
    with pytest.raises(ValueError, match="class_weight"):
        pictures(class_weight=-1.0)
    method = text()
    with pytest.raises(ValueError, match="12 tokens"):
        method({**inputs(method)[0], **sets(11, 5)})
