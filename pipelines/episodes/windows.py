"""Windows of episodes, for pretraining and for a trained encoder."""

import functools
import os
from typing import Any

import numpy as np
import tensorflow as tf

from mmssl.pipelines.episodes import pendulum
from mmssl.pipelines.episodes.source import EpisodeSource, read_episodes
from mmssl.pipelines.pipeline import Pipeline
from mmssl.pipelines.sources import open_source
from mmssl.pipelines.sources.arrays import Flat, host
from mmssl.pipelines.sources.places import stamp_of

FORMS = f"an .npz archive, {pendulum.NAME!r}, or an EpisodeSource"


class EpisodeWindows(Pipeline):
    """Consecutive frames of an episode, and the actions between them.

    Batches hold frames float32 (B, frames, size, size, C) in [0, 1] and actions float32
    (B, frames, A): the action of a frame leads to the next one. An epoch shows each episode as
    often as windows fit into it, from another frame on each time. Inputs of a trained encoder are
    the frames of the window in the middle.

    Args:
        source: an `.npz` archive, see `read_episodes`; "builtin:pendulum"; or an EpisodeSource.
        size: pixels along each side, to which frames are resized, 1 or more.
        frames: frames of a window, 2 or more; an episode with fewer is left out and named.
        batch_size: windows per batch.
        **kwargs: see `Pipeline`.

    Raises:
        ValueError: an argument is out of range.
    """

    extensions = (".npz",)

    def __init__(
        self,
        source: Any = "builtin:pendulum",
        size: int = 32,
        frames: int = 24,
        batch_size: int = 32,
        **kwargs,
    ):
        super().__init__(source, batch_size, **kwargs)
        if size < 1:
            raise ValueError(f"size={size} must be 1 or more")
        if frames < 2:
            raise ValueError(f"frames={frames} must be 2 or more")
        self.size = size
        self.frames = frames
        self.channels = None  # of a frame, once a source was opened

    def open_all(self, spec, labels=None, label_column=None, split_column=None):
        """Opens episodes; see `Reader.open_all`."""
        opened = _opened(spec)
        self.channels = opened.channels
        return open_source(opened, self.extensions, labels, label_column, split_column)

    def decode(self, raw):
        """Checks that an episode has enough frames, uint8 (T, H, W, C)."""
        told = f"it has fewer than {self.frames} frames"
        with tf.control_dependencies([tf.Assert(tf.shape(raw)[0] >= self.frames, [told])]):
            return tf.identity(raw)

    def index(self, folder=None):
        """Counts the windows of all episodes, and lays out their actions."""
        visits = self.shapes[:, 0] // self.frames
        self.count = int(visits.sum())
        self._episode_of = np.repeat(np.arange(len(visits)), visits)
        self._episodes = host(self._episode_of)
        self._actions = Flat.of(self.items.actions)

    def item_of(self, numbers):
        return self._episode_of[numbers]

    def example(self, index, key):
        episode = self._episodes[index]
        frames, actions = self.item(episode), self._actions[episode]
        last = tf.shape(frames)[0] - self.frames
        start = tf.random.stateless_uniform([], key, 0, last + 1, tf.int32)
        width = self.items.actions[0].shape[1]
        window = actions[start : start + self.frames]
        return {
            "frames": self.window(frames, start),
            "actions": tf.ensure_shape(window, [self.frames, width]),
        }

    def window(self, frames, start):
        """Cuts a window out of an episode, float32 (frames, size, size, C) in [0, 1].

        Args:
            frames: uint8 (T, H, W, C).
            start: int32 scalar, the first one.
        """
        cut = tf.cast(frames[start : start + self.frames], tf.float32) / 255.0
        size = [self.size, self.size]
        resized = tf.cond(
            tf.reduce_all(tf.shape(cut)[1:3] == size),
            lambda: cut,
            lambda: tf.image.resize(cut, size, antialias=True),
        )
        return tf.ensure_shape(resized, [self.frames, *size, self.channels])

    def inputs(self, item, max_length=None):
        return {"frames": self.window(item, (tf.shape(item)[0] - self.frames) // 2)}

    def middles(self, source, batch_size):
        return self.examples(source, batch_size)

    def encoder_arguments(self):
        """Returns the sizes of what the encoder sees."""
        found, sizes = self._there(), {"size": self.size, "frames": self.frames}
        return sizes if found is None else {**sizes, "color": found.channels == 3}

    def method_arguments(self):
        """Returns how many numbers an action has, which the source says."""
        found = self._there()
        return {} if found is None else {"action_width": found.actions[0].shape[1]}

    def _there(self):
        """Returns the source, opened; None where a recipe names one that is not there."""
        named = isinstance(self.source, str) and self.source != pendulum.NAME
        missing = named and not os.path.exists(self.source)
        return None if missing else _opened(self.source)

    def known_states(self, source):
        """Cuts the episodes of a source into windows whose last state is known.

        Args:
            source: EpisodeSource with states.

        Returns:
            float32 arrays: windows (N, frames, size, size, C), and the states (N, S) at the last
            frame of each.
        """
        windows, states = [], []
        for number, known in enumerate(source.states):
            frames = source.read(tf.constant(number, tf.int64))
            for start in range(0, len(known) - self.frames + 1, max(1, self.frames // 2)):
                windows.append(self.window(frames, start).numpy())
                states.append(known[start + self.frames - 1])
        return np.stack(windows), np.stack(states)


def _opened(spec):
    if isinstance(spec, EpisodeSource):
        return spec
    if spec == pendulum.NAME:
        return _pendulum()
    if isinstance(spec, str | os.PathLike) and os.fspath(spec).endswith(".npz"):
        if not os.path.isfile(spec):
            raise ValueError(f"{spec} does not exist (working folder {os.getcwd()}): give {FORMS}")
        return _archive(spec, stamp_of(spec))
    raise ValueError(f"the source {spec!r} holds no episodes: give {FORMS}")


@functools.lru_cache(maxsize=2)
def _archive(path, stamp):
    """Reads an archive once: a run opens its source for training, probe and report."""
    return read_episodes(path)


@functools.cache
def _pendulum():
    return pendulum.make()
