"""A pendulum that is pushed at random, seen from the front: episodes made by a seed."""

import numpy as np

from mmssl.pipelines.episodes.source import EpisodeSource

NAME = "builtin:pendulum"
EPISODES, STEPS, SIZE = 240, 96, 32
STATE_NAMES = ("cosine", "sine", "velocity")
_SEED = 0
_SECONDS, _SUBSTEPS = 0.1, 4  # between two frames, and steps of the physics in between
_GRAVITY, _FRICTION, _PUSH = 9.0, 0.2, 4.0  # per second, or second squared
_HELD = 4  # frames that an action lasts at least
_LENGTH, _THICKNESS = 0.8, 0.12  # in half the side of the picture


def make():
    """Makes the episodes; every fifth is in the split test.

    Returns:
        EpisodeSource of frames uint8 (96, 32, 32, 1); actions are to push left, not at all or
        right; states are cosine and sine of the angle, 0 hanging down, and the angular velocity.
    """
    draw = np.random.default_rng(_SEED)
    actions = np.repeat(draw.integers(0, 3, (EPISODES, -(-STEPS // _HELD))), _HELD, 1)[:, :STEPS]
    angles, velocities = simulate(draw.uniform(-np.pi, np.pi, EPISODES), actions)
    states = np.stack([np.cos(angles), np.sin(angles), velocities], axis=-1)
    frames = draw_pendulum(angles)
    splits = np.where(np.arange(EPISODES) % 5 == 4, "test", "train")
    return EpisodeSource.of(
        list(frames), list(actions), list(states), STATE_NAMES, splits, content=NAME
    )


def simulate(start, actions):
    """Lets pendulums swing.

    Args:
        start: float array (N,), the angles at rest, 0 hanging down.
        actions: int array (N, T), 0 to push left, 1 not to push, 2 to push right.

    Returns:
        two float arrays (N, T), angles and angular velocities at each moment, before its action.
    """
    angle, velocity, found = start.copy(), np.zeros(len(start)), []
    for push in (actions.T - 1) * _PUSH:
        found.append((angle.copy(), velocity.copy()))
        for _ in range(_SUBSTEPS):
            force = push - _GRAVITY * np.sin(angle) - _FRICTION * velocity
            velocity += force * _SECONDS / _SUBSTEPS
            angle += velocity * _SECONDS / _SUBSTEPS
    angles, velocities = zip(*found, strict=True)
    return np.stack(angles, axis=1), np.stack(velocities, axis=1)


def draw_pendulum(angles):
    """Draws pendulums as bright rods from the middle of dark pictures.

    Args:
        angles: float array (..., ), 0 hanging down, in radians.

    Returns:
        uint8 array (..., 32, 32, 1).
    """
    places = (np.arange(SIZE, dtype=np.float32) + 0.5) / SIZE * 2 - 1
    across, down = np.meshgrid(places, places)
    angles = np.asarray(angles, np.float32)[..., None, None]
    right, below = np.sin(angles), np.cos(angles)
    along = np.clip(across * right + down * below, 0, _LENGTH)
    distance = np.hypot(across - along * right, down - along * below)
    bright = np.clip((_THICKNESS - distance) * SIZE / 2 + 0.5, 0, 1)
    return np.rint(255 * bright).astype(np.uint8)[..., None]
