"""Episodes that can be read by index: what was seen, done, and, for a probe, what was the case."""

from dataclasses import dataclass, field, fields
from pathlib import Path

import numpy as np

from mmssl.pipelines.sources.arrays import array_reader
from mmssl.pipelines.sources.source import Source
from mmssl.reading import load_arrays

MEANT = "observations (N, T, H, W) or (N, T, H, W, 1 or 3) uint8, and actions (N, T) or (N, T, A)"


@dataclass(eq=False)
class EpisodeSource(Source):
    """A Source of episodes; what is read of one are its frames, uint8 (T, H, W, C).

    Attributes:
        actions: list (N,) of float32 arrays (T, A); the action of a moment leads to the next one.
        states: list (N,) of float32 arrays (T, S), or None where they are not known.
        state_names: tuple of S str.
        channels: C.
    """

    actions: list = field(default_factory=list)
    states: list | None = None
    state_names: tuple[str, ...] = ()
    channels: int = 1

    @classmethod
    def of(cls, frames, actions, states=None, state_names=(), splits=None, **about):
        """Builds a source from arrays.

        Args:
            frames: list (N,) of uint8 arrays (T, H, W, C).
            actions: list (N,) of arrays (T,) of int, which become one of A, or (T, A) of floats.
            states: list (N,) of arrays (T, S), or None.
            state_names: see `EpisodeSource`.
            splits: array (N,) of str, or None.
            **about: other attributes, see `Source`.
        """
        names = [f"episode {number}" for number in range(len(frames))]
        columns = {} if splits is None else {"split": np.asarray(splits, object)}
        states = None if states is None else [np.asarray(x, np.float32) for x in states]
        return cls(
            names,
            array_reader(frames),
            columns=columns,
            splits=columns.get("split"),
            actions=_vectors(actions),
            states=states,
            state_names=tuple(state_names),
            channels=frames[0].shape[-1],
            **about,
        )

    def select(self, indices):
        """Returns a view of a subset of the episodes, in the order given; see `Source.select`."""
        indices = np.asarray(indices)
        indices = np.flatnonzero(indices) if indices.dtype == bool else indices.reshape(-1)
        chosen = super().select(indices)
        about = {part.name: getattr(chosen, part.name) for part in fields(Source)}
        own = {"state_names": self.state_names, "channels": self.channels}
        own["actions"] = [self.actions[i] for i in indices]
        own["states"] = None if self.states is None else [self.states[i] for i in indices]
        return EpisodeSource(**about, **own)


def read_episodes(path):
    """Reads episodes from a NumPy archive.

    Args:
        path: of an `.npz` with observations and actions, see `MEANT`; and, if known, lengths int
            (N,), after which an episode is padding, splits str (N,) such as "train" and "test",
            states (N, T, S) and state_names (S,).

    Returns:
        EpisodeSource.

    Raises:
        ValueError: the archive holds something else.
    """
    arrays = load_arrays(path)
    missing = [name for name in ("observations", "actions") if name not in arrays]
    if missing:
        raise ValueError(f"{path} has no {missing[0]}: it holds {', '.join(arrays)}; give {MEANT}")
    frames, actions = arrays["observations"], arrays["actions"]
    frames = frames[..., None] if frames.ndim == 4 else frames
    if (
        frames.ndim != 5
        or frames.shape[4] not in (1, 3)
        or frames.dtype != np.uint8
        or actions.shape[:2] != frames.shape[:2]
    ):
        raise ValueError(
            f"{path} holds observations {arrays['observations'].shape} of "
            f"{frames.dtype} and actions {actions.shape}: give {MEANT}"
        )
    states = arrays.get("states")
    if states is not None and (states.ndim != 3 or states.shape[:2] != frames.shape[:2]):
        raise ValueError(f"{path} holds states {states.shape}: give (N, T, S), a row a frame")
    splits = arrays.get("splits")
    if splits is not None and (splits.shape != frames.shape[:1] or splits.dtype.kind != "U"):
        raise ValueError(
            f"{path} holds splits {splits.shape} of {splits.dtype}: give str ({len(frames)},), the "
            "split of each episode"
        )
    lengths = arrays.get("lengths", np.full(len(frames), frames.shape[1]))
    names = arrays.get("state_names", () if states is None else range(states.shape[2]))
    cut = [[x[:n] for x, n in zip(part, lengths, strict=True)] for part in (frames, actions)]
    known = None if states is None else [x[:n] for x, n in zip(states, lengths, strict=True)]
    names = [str(name) for name in names]
    return EpisodeSource.of(*cut, known, names, splits, files=(Path(path),))


def _vectors(actions):
    """Returns actions as float32 (T, A): numbers of actions become one of A."""
    if np.ndim(actions[0]) == 1:
        count = 1 + max(int(np.max(row, initial=0)) for row in actions)
        return [np.eye(count, dtype=np.float32)[np.asarray(row, int)] for row in actions]
    return [np.asarray(row, np.float32) for row in actions]
