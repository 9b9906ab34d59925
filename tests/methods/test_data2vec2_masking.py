"""What data2vec 2.0's student sees, and what its decoder is given in place of the rest."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from mmssl.encoders.parts.transformer_blocks import transformer_blocks
from mmssl.layers import PaddingMask, PositionIds, gather_tokens
from tests.methods.small_data2vec2 import BLOCKS, batch, every, pictures, text
from tests.tolerances import NETWORK, SUM, assert_close, deviation_margin, multiples


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


def test_noise_is_a_function_of_its_keys():
    method = pictures(noise_stddev=0.01)
    keys = tf.constant(np.random.default_rng(0).integers(0, 2**31 - 1, (50, 40)), tf.int32)
    noise = method.noise(keys).numpy()
    assert noise.std() == pytest.approx(0.01, rel=deviation_margin(noise.size))
    np.testing.assert_array_equal(noise, method.noise(keys))
