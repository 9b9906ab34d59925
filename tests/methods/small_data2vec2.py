"""Small data2vec 2.0 methods on pictures, sound and text, and their batches."""

from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf

from mmssl.encoders import roberta_encoder, vit_encoder, wav2vec_encoder
from mmssl.methods.data2vec2 import Data2Vec2

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
