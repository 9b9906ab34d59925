"""Episodes of an environment of gymnasium, played at random and written to an archive."""

import io

import numpy as np

from mmssl.files import atomic_write


def collect(environment, path, episodes=200, steps=96, size=64, seed=0):
    """Plays an environment with random actions, and writes what was seen and done.

    Every fifth episode is in the split test.

    Args:
        environment: id that gymnasium knows, such as "CartPole-v1"; of discrete actions.
        path: of the `.npz` to write; see `mmssl.pipelines.episodes.source.read_episodes`.
        episodes: number of episodes.
        steps: frames of an episode at most; it may end before.
        size: pixels along each side, to which what is rendered is resized.
        seed: of actions and first states.

    Raises:
        ImportError: the extra `rl` is not installed.
    """
    try:
        import gymnasium
    except ImportError as error:
        raise ImportError("collecting episodes needs pip install 'mmssl[rl]'") from error
    made = gymnasium.make(environment, render_mode="rgb_array")
    draw = np.random.default_rng(seed)
    played = [_play(made, steps, size, draw) for _ in range(episodes)]
    made.close()
    arrays = {
        "lengths": np.array([len(episode["actions"]) for episode in played]),
        "splits": np.where(np.arange(episodes) % 5 == 4, "test", "train"),
    }
    for name in ("observations", "actions", "states"):
        arrays[name] = np.stack([_padded(np.stack(p[name]), steps) for p in played])
    held = io.BytesIO()
    np.savez_compressed(held, **arrays)
    with atomic_write(path) as beside:
        beside.write_bytes(held.getvalue())


def _play(environment, steps, size, draw):
    from PIL import Image

    found = {"observations": [], "actions": [], "states": []}
    state, _ = environment.reset(seed=int(draw.integers(2**31)))
    for _ in range(steps):
        action = int(draw.integers(environment.action_space.n))
        picture = Image.fromarray(environment.render()).resize((size, size), Image.BOX)
        found["observations"].append(np.asarray(picture))
        found["actions"].append(action)
        found["states"].append(np.asarray(state, np.float32))
        state, _, ended, cut, _ = environment.step(action)
        if ended or cut:
            break
    return found


def _padded(rows, length):
    return np.concatenate([rows, np.zeros((length - len(rows), *rows.shape[1:]), rows.dtype)])
