"""What a linear map reads of the true states of episodes."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from mmssl.encoders import episode_encoder
from mmssl.evaluation.probes import states
from mmssl.pipelines.episodes import EpisodeWindows
from mmssl.pipelines.episodes.source import EpisodeSource
from tests.tolerances import NETWORK, assert_close


def episodes(count, splits=None):
    """Frames whose brightness is one state; the other one is noise."""
    draw = np.random.default_rng(count)
    light = draw.integers(0, 255, (count, 12))
    frames = np.broadcast_to(light[..., None, None, None], (count, 12, 4, 4, 1)).astype(np.uint8)
    known = np.stack([light / 255, draw.normal(size=light.shape)], axis=-1)
    actions = [np.zeros(12, int)] * count
    return EpisodeSource.of(list(frames), actions, list(known), ("light", "noise"), splits)


@pytest.fixture
def run():
    data = EpisodeWindows(episodes(40), size=4, frames=4)
    keras.utils.set_random_seed(0)
    made = [episode_encoder(4, 4, channels=(2,), latent_dim=3, context_dim=4) for _ in range(2)]
    return SimpleNamespace(data=data, encoder=made[0], untrained=made[1])


def test_pixels_tell_a_state_that_is_seen_and_none_that_is_not(run):
    found = states.state_figures(run, episodes(21))
    names = {f"{who}r2_{what}" for who in ("", "untrained_", "raw_") for what in ("light", "noise")}
    assert set(found) == names
    assert found["raw_r2_noise"] < found["raw_r2_light"] / 2
    assert found["r2_noise"] < found["r2_light"] / 2
    assert found["r2_light"] != found["untrained_r2_light"]


def test_it_is_scored_on_other_windows_than_those_it_was_fitted_on():
    train, test = np.arange(8.0)[:, None], np.arange(4.0)[:, None]
    assert states._explained(train, test, 2 * train, -2 * test)[0] < 0
    assert_close(states._explained(train, test, 2 * train, 2 * test), [1.0], NETWORK)


def test_episodes_that_the_states_are_fitted_on_measure_nothing(run):
    with pytest.raises(ValueError, match="array `splits`"):
        states.state_figures(run, run.data.open_to_train())
    source = episodes(40, np.where(np.arange(40) % 5 == 4, "test", "train"))
    run.data = EpisodeWindows(source, size=4, frames=4)
    assert "r2_light" in states.state_figures(run, source.select(source.splits == "test"))


def test_without_states_there_are_no_figures(run):
    known = episodes(5)
    known.states = None
    assert states.state_figures(run, known) == {}
    assert states.state_figures(run, run.data) == {}
