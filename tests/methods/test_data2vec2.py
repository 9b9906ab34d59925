from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf

from mmssl.deploy.example import example_inputs
from mmssl.deploy.formats import export
from mmssl.deploy.reader import load_exported
from mmssl.encoders import roberta_encoder, vit_encoder, wav2vec_encoder
from mmssl.encoders.parts.transformer_blocks import transformer_blocks
from mmssl.layers import PaddingMask, PositionIds, gather_tokens
from mmssl.methods.data2vec2 import Data2Vec2
from tests.contract.cases import Case
from tests.contract.learning import on_clothes
from tests.contract.sizes import TINY_PATCHES, TINY_SOUND, TINY_TEXT
from tests.tolerances import (
    NETWORK,
    ROUNDING,
    SUM,
    TRAINING,
    assert_close,
    deviation_margin,
    multiples,
    rounding,
)

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
            "--method.top_blocks=2",
            "--method.decoder_depth=1",
            "--method.decoder_channels=16",
            "--method.decoder_groups=4",
        ),
        # Predictions start at zero, which costs sqrt(32) times the variance of the targets: 1, but
        # for the norm's epsilon beside the small variances of an untrained network.
        initial_loss=(32**0.5, 0.5),
        theory=("--method.top_blocks=1",),
    ),
    "text": Case(
        "text/data2vec2",
        (
            *TINY_TEXT,
            "--method.top_blocks=2",
            "--method.decoder_depth=1",
            "--method.decoder_channels=16",
            "--method.decoder_groups=4",
        ),
    ),
}

BLOCKS = {"width": 16, "depth": 3, "num_heads": 2, "mlp_dim": 32}
DECODER = {"decoder_channels": 16, "decoder_depth": 2, "decoder_groups": 4, "noise_stddev": 0.0}


def drawn(method):
    """Draws the last kernel of the decoder, with which predictions start at zero."""
    kernel = method.decoder.get_layer("predict").kernel
    kernel.assign(np.random.default_rng(4).normal(size=kernel.shape) * 0.3)
    return method


def pictures(positions="fixed", **options):
    keras.utils.set_random_seed(0)
    encoder = vit_encoder(size=16, patch_size=4, positions=positions, **BLOCKS)
    return drawn(Data2Vec2(encoder, top_blocks=2, final_norm=True, **{**DECODER, **options}))


def sound(alibi=None, **options):
    keras.utils.set_random_seed(0)
    stem = {"channels": 8, "kernel_sizes": (10, 3), "strides": (5, 2), "alibi": alibi}
    convolved = {"position_kernel_size": 5, "position_depth": 2, "position_groups": 4}
    encoder = wav2vec_encoder(**stem, **convolved, dropout=0.0, **BLOCKS)
    own = {
        "decoder_axes": 1,
        "convolved_positions": True,
        "shared": "local",
        "decoder_kernel_size": 5,
    }
    return drawn(Data2Vec2(encoder, top_blocks=2, **{**DECODER, **own, **options}))


def text(positions="learned", **options):
    keras.utils.set_random_seed(0)
    encoder = roberta_encoder(30, 20, positions=positions, dropout=0.0, **BLOCKS)
    own = {
        "decoder_axes": 1,
        "shared": "positions",
        "normalize": "layer",
        "channel_reduction": "sum",
    }
    return drawn(Data2Vec2(encoder, top_blocks=2, **{**DECODER, **own, **options}))


def sets(tokens, visible, num_masks=2, rows=3, seed=0):
    draw = np.random.default_rng(seed)
    orders = draw.permuted(np.tile(np.arange(tokens), (rows, num_masks, 1)), axis=-1)
    keys = draw.integers(0, 2**31 - 1, (rows, num_masks, tokens - visible))
    parts = {
        "visible": np.sort(orders[..., :visible]),
        "masked": np.sort(orders[..., visible:]),
        "noise": keys,
    }
    return {name: tf.constant(x, tf.int32) for name, x in parts.items()}


def inputs(method, rows=3):
    draw = np.random.default_rng(1)
    names = set(method.encoder.input)
    if "images" in names:
        return {"images": tf.constant(draw.uniform(size=(rows, 16, 16, 3)), tf.float32)}, 16
    if "waveform" in names:
        wave = draw.normal(size=(rows, 120)) * 0.1
        return {
            "waveform": tf.constant(wave, tf.float32),
            "padding_mask": tf.ones((rows, 120), tf.int32),
        }, 11
    ids = draw.integers(5, 30, (rows, 12))
    return {
        "token_ids": tf.constant(ids, tf.int32),
        "padding_mask": tf.ones((rows, 12), tf.int32),
    }, 12


def batch(method, visible=5, **options):
    whole, tokens = inputs(method)
    return {**whole, **sets(tokens, visible, **options)}


def loss_of(method, data, training=False):
    outputs = method(data, training=False)
    return method.compute_loss(data, None, outputs, None, training=training)


relative = partial(pictures, "relative")
alibi = partial(sound, "learned")
rotary = partial(text, "rotary")
BUILDS = [pictures, sound, text, relative, alibi, rotary]
NAMES = ["pictures", "sound", "text", "relative", "alibi", "rotary"]
every = pytest.mark.parametrize("build", BUILDS, ids=NAMES)


@every
def test_the_encoder_sees_visible_tokens_as_if_attention_were_restricted_to_them(build):
    method = build()
    data = batch(method, num_masks=1)
    local = method.local_features(data)
    positioned = method.positions(local)["positioned"]
    extra = positioned.shape[1] - local["tokens"].shape[1]
    seen = np.zeros((3, positioned.shape[1]), "int32")
    seen[:, :extra] = 1
    for row, position_ids in zip(seen, data["visible"].numpy()[:, 0], strict=True):
        row[position_ids + extra] = 1
    bias = _drawn_bias(method, seen.shape[1])
    opened = _without_leaks(method, local, data, positioned)
    whole = _restricted(method, extra)([opened, tf.constant(seen), bias]).numpy()
    expected = [x[row > 0] for x, row in zip(whole, seen, strict=True)]
    noise = tf.reshape(method.noise(data["noise"]), (3, -1, 16))
    got = method._features(local, noise, data["visible"], data["masked"], False)
    assert_close(got, expected, SUM)


def _drawn_bias(method, length):
    """What attention adds to its scores, (1, heads, T, T), with weights that tell offsets apart."""
    layers = [layer for layer in method.encoder.layers if layer.name == "bias"]
    if not layers:
        return tf.zeros((1, 2, length, length))
    draw = np.random.default_rng(3)
    layers[0].set_weights([draw.uniform(1, 4, w.shape) for w in layers[0].get_weights()])
    return layers[0](np.arange(length, dtype="int32")[None])


def _restricted(method, extra):
    """The blocks alone, told which tokens may be seen and the bias of all of them."""
    opened, mask = keras.Input((None, 16)), keras.Input((None,), dtype="int32")
    bias = keras.Input((2, None, None))
    norm, epsilon = ("pre", 1e-6) if extra else ("post", 1e-5)
    turns = method.encoder.get_layer("block_1_attention").rotary
    x = transformer_blocks(
        opened,
        PaddingMask()(mask),
        **{name: size for name, size in BLOCKS.items() if name != "width"},
        norm=norm,
        epsilon=epsilon,
        bias=bias,
        position_ids=PositionIds()(opened) if turns else None,
    )
    if norm == "pre":
        x = keras.layers.LayerNormalization(epsilon=epsilon)(x)
    blocks = keras.Model([opened, mask, bias], x)
    layers = [layer for layer in method.context.layers if layer.name != "bias"]
    blocks.set_weights([weight for layer in layers for weight in layer.get_weights()])
    return blocks


def _without_leaks(method, local, data, positioned):
    """What enters the first block: for convolved positions, with masked tokens blanked before."""
    if not method.convolved_positions:
        return positioned
    blank = np.array(local["tokens"])
    for row, position_ids in zip(blank, data["masked"].numpy()[:, 0], strict=True):
        row[position_ids] = 0
    return method.positions({**local, "tokens": tf.constant(blank)})["positioned"]


@every
def test_what_is_masked_does_not_reach_the_student(build):
    method = build(noise_stddev=0.01)
    data = batch(method)
    local = method.local_features(data)
    before = method(data)["predictions"].numpy()
    masked = data["masked"].numpy()
    other = np.array(local["tokens"])
    for row, position_ids in zip(other, masked[:, 0], strict=True):
        row[position_ids] += np.random.default_rng(2).normal(size=(len(position_ids), 16))
    method.local_features = lambda batch, training=False: {**local, "tokens": tf.constant(other)}
    after = method(data)["predictions"].numpy()
    # The first of the two students of each example sees none of what was changed.
    np.testing.assert_array_equal(before[::2], after[::2])
    assert (before[1::2] != after[1::2]).any()


def test_pixels_of_masked_patches_do_not_reach_the_student():
    method = pictures(noise_stddev=0.01)
    data = batch(method, num_masks=1)
    mask = np.zeros((3, 16))
    np.put_along_axis(mask, data["masked"].numpy()[:, 0], 1, axis=1)
    pixels = np.kron(mask.reshape(3, 4, 4), np.ones((4, 4)))[..., None]
    changed = {**data, "images": tf.where(pixels > 0, 1.0 - data["images"], data["images"])}
    before, after = method(data), method(changed)
    np.testing.assert_array_equal(before["predictions"], after["predictions"])
    np.testing.assert_array_equal(before["class"], after["class"])
    assert multiples(method.targets(changed, after), method.targets(data, before)) > NETWORK


@every
def test_students_with_the_same_mask_have_the_same_outputs(build):
    method = build()
    one = batch(method, num_masks=1)
    three = {k: tf.repeat(v, 3, axis=1) if v.shape.rank == 3 else v for k, v in one.items()}
    expected = np.repeat(method(one)["predictions"], 3, axis=0)
    assert_close(method(three)["predictions"], expected, SUM)


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


def test_the_decoder_gets_noise_at_masked_places():
    method, given = pictures(noise_stddev=1.0), []
    data, decode = batch(method, num_masks=1), method.decoder.call

    def noting(tokens, training=None, mask=None):
        given.append(tokens.numpy())
        return decode(tokens, training=training, mask=mask)

    method.decoder.call = noting
    method(data)
    found = np.take_along_axis(given[0], data["masked"].numpy()[:, 0, :, None], axis=1)
    np.testing.assert_array_equal(found, method.noise(data["noise"])[:, 0])


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


def test_padding_is_not_seen_and_not_predicted():
    method = text()
    data = batch(method, num_masks=2)
    short = np.ones((3, 12), "int32")
    short[:, 8:] = 0
    padded = {**data, "padding_mask": tf.constant(short)}
    other = np.where(short > 0, data["token_ids"].numpy(), 7)
    changed = {**padded, "token_ids": tf.constant(other, tf.int32)}
    local = method.local_features(padded)
    noise = tf.reshape(method.noise(data["noise"]), (6, -1, 16))
    seen = gather_tokens(short[..., None], data["visible"]).numpy()[..., 0] > 0
    features = [
        method._features(method.local_features(x), noise, x["visible"], x["masked"], False)
        for x in (padded, changed)
    ]
    assert not np.array_equal(local["tokens"], method.local_features(changed)["tokens"])
    np.testing.assert_array_equal(features[0].numpy()[seen], features[1].numpy()[seen])


@pytest.mark.parametrize(
    ("ends", "half"),
    [((0.9998, 0.99999), 0.999895), ((0.999, 0.99999), 0.999495), ((0.9999, 0.99999), 0.999945)],
)
def test_momentum_is_halfway_after_half_of_the_ramp(ends, half):
    method = pictures(momentum=ends[0], final_momentum=ends[1], momentum_steps=1000)
    method.teacher.updates.assign(501)  # the first finds two equal models and does not count
    assert_close(method.teacher.current_momentum(), half, ROUNDING)


def test_noise_is_a_function_of_its_keys():
    method = pictures(noise_stddev=0.01)
    keys = tf.constant(np.random.default_rng(0).integers(0, 2**31 - 1, (50, 40)), tf.int32)
    noise = method.noise(keys).numpy()
    assert noise.std() == pytest.approx(0.01, rel=deviation_margin(noise.size))
    np.testing.assert_array_equal(noise, method.noise(keys))


@pytest.mark.parametrize("form", ["saved_model", "litert"])
@pytest.mark.parametrize("build", [relative, alibi, rotary], ids=NAMES[3:])
def test_encoders_whose_attention_tells_positions_are_exported_for_any_length(
    build, form, tmp_path
):
    encoder = build().encoder
    path = tmp_path / {"saved_model": "encoder", "litert": "encoder.tflite"}[form]
    result = export(encoder, path, form, example_inputs(encoder))
    assert result.max_difference < NETWORK * rounding()
    batch = {name: x.numpy() for name, x in inputs(build())[0].items()}
    found = load_exported(path)(batch)
    for name, expected in encoder(batch).items():
        assert_close(found[name], expected, NETWORK)


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="decoder_axes=1"):
        text(decoder_axes=2)
    with pytest.raises(ValueError, match="class_weight"):
        pictures(class_weight=-1.0)
    method = text()
    with pytest.raises(ValueError, match="12 tokens"):
        method({**inputs(method)[0], **sets(11, 5)})
