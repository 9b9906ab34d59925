"""Episodes: the built-in pendulum, archives, and windows of them."""

import numpy as np
import pytest
import tensorflow as tf

from mmssl.pipelines.episodes import EpisodeWindows, collect, pendulum
from mmssl.pipelines.episodes.source import EpisodeSource, read_episodes
from tests.tolerances import SUM, assert_close

EPISODES, STEPS = 6, 12


def arrays(**changed):
    """Frames that say their episode and moment, and actions and states that do, too."""
    number = np.arange(EPISODES)[:, None] * 20 + np.arange(STEPS)
    frames = np.broadcast_to(number[..., None, None], (EPISODES, STEPS, 4, 4)).astype(np.uint8)
    states = np.stack([number, -number], axis=-1).astype(np.float32)
    return {"observations": frames, "actions": number % 3, "states": states, **changed}


@pytest.fixture
def archive(tmp_path):
    def write(**changed):
        path = tmp_path / "episodes.npz"
        np.savez(path, **arrays(**changed))
        return str(path)

    return write


def test_a_window_is_consecutive_frames_with_their_actions(archive):
    data = EpisodeWindows(archive(), size=4, frames=5, batch_size=4).prepare()
    assert len(data) == 3  # two windows fit into each of six episodes
    starts = set()
    for batch in data.batches(seed=0).take(6).as_numpy_iterator():
        assert batch["frames"].shape == (4, 5, 4, 4, 1)
        moments = np.rint(batch["frames"][:, :, 0, 0, 0] * 255).astype(int)
        np.testing.assert_array_equal(np.diff(moments, axis=1), np.ones((4, 4)))
        np.testing.assert_array_equal(np.argmax(batch["actions"], axis=2), moments % 3)
        starts |= set((moments[:, 0] % 20).tolist())
    assert len(starts) > 3


def test_a_trained_encoder_sees_the_middle_and_states_are_those_of_the_last_frame(archive):
    data = EpisodeWindows(archive(), size=4, frames=4, batch_size=2).prepare()
    seen = next(data.examples(data.items, 6).as_numpy_iterator())["frames"]
    np.testing.assert_array_equal(np.rint(seen[2, :, 0, 0, 0] * 255), 40 + np.arange(4, 8))
    windows, states = data.known_states(data.items.select([1]))
    assert_close(windows[:, -1, 0, 0, 0] * 255, states[:, 0], SUM)
    np.testing.assert_array_equal(states[:, 0], 20 + np.array([3, 5, 7, 9, 11]))


def test_episodes_end_where_their_length_says_and_short_ones_are_left_out(archive):
    lengths = np.array([12, 12, 3, 12, 6, 12])
    data = EpisodeWindows(archive(lengths=lengths), size=4, frames=5, batch_size=2, skip_ratio=0.5)
    data.prepare()
    assert [name for name, _ in data.skipped] == ["episode 2"]
    assert "fewer than 5 frames" in data.skipped[0][1]
    assert [len(actions) for actions in data.items.actions] == [12, 12, 12, 6, 12]
    for batch in data.batches(seed=1).take(8).as_numpy_iterator():
        moments = np.rint(batch["frames"][:, :, 0, 0, 0] * 255).astype(int)
        assert not ((moments >= 86) & (moments < 100)).any()  # beyond the end of episode 4


def test_frames_are_resized(archive):
    data = EpisodeWindows(archive(), size=2, frames=4, batch_size=2).prepare()
    batch = next(data.batches(seed=0).as_numpy_iterator())
    assert batch["frames"].shape == (2, 4, 2, 2, 1)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"observations": np.zeros((6, 12, 4, 4), np.float32)}, "float32"),
        ({"actions": np.zeros((6, 11), int)}, r"actions \(6, 11\)"),
        ({"states": np.zeros((6, 12))}, r"states \(6, 12\)"),
        ({"splits": np.array(["train"] * 5)}, r"splits \(5,\)"),
    ],
)
def test_an_archive_of_something_else_is_refused(archive, changed, told):
    with pytest.raises(ValueError, match=told):
        read_episodes(archive(**changed))


@pytest.mark.parametrize("source", ["nothing.npz", "folder", 3])
def test_other_sources_are_refused(source):
    with pytest.raises(ValueError, match=r"give an \.npz archive"):
        EpisodeWindows(source).open_all(source)


def test_an_archive_may_say_which_episodes_are_held_out(archive):
    splits = np.array(["train", "train", "test"] * 2)
    data = EpisodeWindows(archive(splits=splits), size=4, frames=4, batch_size=2).prepare()
    assert data.items.names == ["episode 0", "episode 1", "episode 3", "episode 4"]


def test_selected_episodes_keep_their_actions_and_states():
    given = arrays()
    source = EpisodeSource.of(
        list(given["observations"][..., None]), list(given["actions"]), list(given["states"])
    )
    chosen = source.select([4, 1])
    assert chosen.states[0][0, 0] == 80
    np.testing.assert_array_equal(np.argmax(chosen.actions[1], axis=1), given["actions"][1])
    assert chosen.read(tf.constant(0, tf.int64)).numpy()[0, 0, 0, 0] == 80


def test_a_pendulum_that_is_not_pushed_swings_and_comes_to_rest():
    angles, velocities = pendulum.simulate(np.array([1.0, 0.0]), np.ones((2, 400), int))
    assert angles[0].min() < -0.8
    assert abs(angles[0, -10:]).max() < 0.1
    assert not angles[1].any()
    assert (np.sign(velocities[0, 1:4]) == -1).all()


def test_a_push_to_the_right_moves_it_there():
    angles, _ = pendulum.simulate(np.zeros(2), np.array([[2] * 4, [0] * 4]))
    assert angles[0, -1] > 0 > angles[1, -1]
    assert_close(angles[0], -angles[1], SUM)


def test_the_rod_is_drawn_where_it_is():
    down, right = pendulum.draw_pendulum(np.array([0.0, np.pi / 2]))[..., 0]
    assert down[20:28, 15:17].min() > 200
    assert not down[:10].any()
    np.testing.assert_array_equal(right, down.T)


def test_an_environment_of_gymnasium_is_played(tmp_path):
    pytest.importorskip("gymnasium", reason="pip install '.[rl]'")
    pytest.importorskip("pygame", reason="pip install '.[rl]'")
    collect("CartPole-v1", tmp_path / "cart.npz", episodes=2, steps=6, size=16)
    source = read_episodes(tmp_path / "cart.npz")
    assert len(source) == 2
    assert source.read(tf.constant(0, tf.int64)).shape[1:] == (16, 16, 3)
    assert source.states[0].shape[1] == 4
    assert source.splits.tolist() == ["train", "train"]
