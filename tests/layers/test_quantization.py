"""Codes that are chosen with noise, and gradients that pass as if they had been softer."""

import json
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from mmssl.layers import GumbelQuantizer, gumbel_noise
from tests.tolerances import NETWORK, ROUNDING, SUM, assert_close, mean_margin

EULER = 0.5772156649
OTHER_BACKEND = """
import json
import numpy as np
from mmssl.layers import gumbel_noise
print(json.dumps(np.asarray(gumbel_noise(np.array([[3, -7]], "int32"), 5)).tolist()))
"""


def quantizer(**options):
    keras.utils.set_random_seed(0)
    made = GumbelQuantizer(groups=2, entries=5, entry_width=3, **options)
    made.build((None, None, 4))
    made.logits.bias.assign(np.random.default_rng(1).normal(size=10))
    return made


def draw(rows=6, frames=7, seed=0):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(rows, frames, 4)).astype("float32")
    return features, rng.integers(-(2**31), 2**31, (rows, frames)).astype("int32")


def logits_of(layer, features):
    flat = features @ np.asarray(layer.logits.kernel) + np.asarray(layer.logits.bias)
    return flat.reshape(*features.shape[:2], 2, 5)


def softmax(x):
    shifted = np.exp(x - x.max(-1, keepdims=True))
    return shifted / shifted.sum(-1, keepdims=True)


@pytest.mark.parametrize("training", [False, True])
def test_what_comes_out_is_exactly_one_entry_of_each_group(training):
    layer, (features, keys) = quantizer(), draw()
    found = {k: np.asarray(x) for k, x in layer(features, keys, training=training).items()}
    codebook = np.asarray(layer.codebook)
    rows = np.concatenate([codebook[g][found["codes"][..., g]] for g in range(2)], axis=-1)
    np.testing.assert_array_equal(found["quantized"], rows)
    assert found["codes"].dtype == "int32"


def test_without_training_the_largest_logit_decides():
    layer, (features, keys) = quantizer(), draw()
    found, logits = layer(features, keys), logits_of(layer, features)
    np.testing.assert_array_equal(found["codes"], logits.argmax(-1))
    np.testing.assert_array_equal(found["codes"], layer(features, keys + 1)["codes"])


def test_in_training_noise_decides_and_the_probabilities_have_none():
    layer, (features, keys) = quantizer(), draw()
    logits = logits_of(layer, features)
    noise = np.asarray(gumbel_noise(keys, 10)).reshape(logits.shape)
    found = layer(features, keys, training=True)
    np.testing.assert_array_equal(found["codes"], (logits + noise).argmax(-1))
    assert (np.asarray(found["codes"]) != logits.argmax(-1)).any()
    assert_close(found["probabilities"], softmax(logits), SUM)


def test_gradients_pass_through_the_softmax_at_the_temperature():
    layer, (features, keys) = quantizer(temperature=2.0), draw(1, 3)
    direction = np.random.default_rng(2).normal(size=(1, 3, 6)).astype("float32")
    with tf.GradientTape() as tape:
        quantized = layer(features, keys, training=True)["quantized"]
        loss = tf.reduce_sum(direction * quantized)
    got = tape.gradient(loss, layer.logits.bias.value).numpy().reshape(2, 5)
    noise = np.asarray(gumbel_noise(keys, 10)).reshape(1, 3, 2, 5)
    soft = softmax((logits_of(layer, features) + noise) / 2)
    into = np.einsum("bfgd,gvd->bfgv", direction.reshape(1, 3, 2, 3), layer.codebook)
    expected = (soft * (into - (soft * into).sum(-1, keepdims=True)) / 2).sum((0, 1))
    assert_close(got, expected, NETWORK)


def test_the_temperature_falls_by_a_factor_a_step_and_stops_at_the_last():
    layer = quantizer(temperature=2.0, final_temperature=1.5, decay=0.9)
    seen = []
    for _ in range(5):
        seen.append(float(layer.current_temperature()))
        layer.advance()
    assert_close(seen, [2.0, 1.8, 1.62, 1.5, 1.5], ROUNDING)
    assert "steps" in [v.name for v in layer.weights]


def test_the_noise_has_gumbels_mean_and_deviation_and_no_two_numbers_go_together():
    noise = np.asarray(gumbel_noise(np.arange(-2000, 2000, dtype="int32"), 16))
    deviation = np.pi / 6**0.5
    assert abs(noise.mean() - EULER) < mean_margin(deviation, noise.size)
    assert abs(noise.std() - deviation) < mean_margin(1.8 * deviation, noise.size)
    columns, rows = (np.corrcoef(x) - np.eye(len(x)) for x in (noise.T, noise[:300]))
    assert np.abs(columns).max() < 5 / 4000**0.5
    assert abs(rows.mean()) < mean_margin(0.25, rows.size / 2)
    assert len(np.unique(noise)) > 0.99 * noise.size


def test_the_noise_follows_from_its_key_alone():
    keys = np.array([[5, -9], [2**31 - 1, 5]], "int32")
    noise = np.asarray(gumbel_noise(keys, 7))
    np.testing.assert_array_equal(noise[0, 0], noise[1, 1])
    assert_close(noise[1, 0], np.asarray(gumbel_noise(keys[1, :1], 7))[0], ROUNDING)
    assert np.isfinite(noise).all()


def test_another_backend_has_the_same_noise():
    pytest.importorskip("jax")
    done = subprocess.run(
        [sys.executable, "-c", "import os; os.environ['KERAS_BACKEND'] = 'jax'" + OTHER_BACKEND],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    own = np.asarray(gumbel_noise(np.array([[3, -7]], "int32"), 5))
    assert_close(json.loads(done.stdout.splitlines()[-1]), own, SUM)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"groups": 0}, "groups=0"),
        ({"entries": 1}, "entries=1"),
        ({"temperature": 0.1}, "final_temperature=0.5"),
        ({"decay": 1.1}, "decay=1.1"),
    ],
)
def test_what_is_out_of_range_is_refused(options, named):
    with pytest.raises(ValueError, match=named):
        GumbelQuantizer(**options)
