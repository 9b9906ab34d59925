"""CPC of episodes: latents to come, given the actions until then."""

import keras
import numpy as np
import pytest

from mmssl.encoders import episode_encoder
from mmssl.methods import CPC, CPCAction
from tests.contract.building import loss_of
from tests.contract.cases import Case
from tests.tolerances import NETWORK, SUM, assert_close, multiples

TINY = (
    "--data.batch_size=4",
    "--data.limit=8",
    "--data.size=8",
    "--data.frames=6",
    "--method.prediction_steps=2",
    "--method.encoder.channels=[4]",
    "--method.encoder.latent_dim=6",
    "--method.encoder.context_dim=8",
)
CASE = Case("episodes/cpc_action", TINY, overfit=0.9)
CASES = {"without": Case("episodes/cpc", TINY, overfit=0.9)}
FRAMES, STEPS, ACTIONS = 6, 3, 2


def method_of(cls=CPCAction, **options):
    keras.utils.set_random_seed(0)
    encoder = episode_encoder(8, FRAMES, channels=(4,), latent_dim=5, context_dim=7)
    return cls(encoder, prediction_steps=STEPS, **options)


def batch(rows=3, seed=0):
    draw = np.random.default_rng(seed)
    return {
        "frames": draw.random((rows, FRAMES, 8, 8, 1), "float32"),
        "actions": draw.normal(size=(rows, FRAMES, ACTIONS)).astype("float32"),
    }


def predictions(method, given):
    found = np.asarray(method(given)["predictions"])
    return found.reshape(*found.shape[:2], STEPS, -1)


def test_a_prediction_depends_on_the_actions_until_then_and_no_others():
    method, given = method_of(action_width=ACTIONS), batch()
    before = predictions(method, given)
    for moment in range(FRAMES):
        other = {**given, "actions": given["actions"].copy()}
        other["actions"][:, moment] += 1
        moved = (predictions(method, other) != before).any(axis=(0, 3))
        t, k = np.mgrid[0:FRAMES, 1 : STEPS + 1]
        np.testing.assert_array_equal(moved, (t <= moment) & (moment < t + k))


def test_the_reader_begins_with_the_context():
    method, given = method_of(action_width=ACTIONS), batch()
    contexts = np.asarray(method(given)["contexts"])
    reader, linear = method.reader, method.predictors
    state = contexts[:, 1]
    for step in range(STEPS):
        now = given["actions"][:, 1 + step]
        state = np.asarray(reader.cell(now, [state])[0])
        assert_close(predictions(method, given)[:, 1, step], linear(state), NETWORK)


def test_the_loss_is_that_of_cpc():
    method, given = method_of(action_width=ACTIONS), batch()
    outputs = method(given)
    expected = method_of(CPC).loss_terms(given, outputs, False)["info_nce"]
    assert_close(loss_of(method, given), expected, SUM)


def test_without_actions_none_are_needed():
    method, given = method_of(CPC), batch()
    assert np.isfinite(loss_of(method, {"frames": given["frames"]}))
    other = {**given, "actions": given["actions"] + 1}
    assert multiples(loss_of(method, other), loss_of(method, given)) == 0


def test_a_latent_depends_on_its_frame_and_a_context_on_those_before():
    method, given = method_of(CPC), batch()
    other = {"frames": given["frames"].copy()}
    other["frames"][:, 3] = 1 - other["frames"][:, 3]
    before, after = method(given), method(other)
    moved = {
        name: (np.asarray(before[name]) != np.asarray(after[name])).any(axis=(0, 2)).tolist()
        for name in ("latents", "contexts")
    }
    assert moved["latents"] == [i == 3 for i in range(FRAMES)]
    assert moved["contexts"] == [i >= 3 for i in range(FRAMES)]


def test_the_embedding_is_the_last_context():
    method, given = method_of(CPC), batch()
    outputs = method.encoder({"frames": given["frames"]})
    np.testing.assert_array_equal(outputs["embedding"], outputs["features"][:, -1])


def test_an_action_of_no_numbers_is_refused():
    with pytest.raises(ValueError, match="action_width=0"):
        method_of(action_width=0)
