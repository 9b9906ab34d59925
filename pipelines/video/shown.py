"""Which frame of a video is on the screen at a moment."""

import itertools
from dataclasses import dataclass

import numpy as np

LEAST_FRAMES = 2  # of what is a video


@dataclass(frozen=True)
class Timeline:
    """The moments at which a video is looked at: as many as it has frames, all equally far apart.

    Where all frames last equally long, each is looked at once, in the middle of its time. Where
    they do not, one that lasts longer is seen more than once, as on a screen.

    Attributes:
        start: int, when the first frame begins, in ticks.
        end: int, when the last frame ends, in ticks.
        frames: int, number of frames.

    Raises:
        ValueError: there are fewer than two frames, or no time passes.
    """

    start: int
    end: int
    frames: int

    def __post_init__(self):
        if self.frames < LEAST_FRAMES:
            have = "1 frame" if self.frames == 1 else "no frames"
            raise ValueError(f"it has {have}: a video has {LEAST_FRAMES} or more")
        if self.end <= self.start:
            raise ValueError("its frames have no times")

    def moments(self, numbers):
        """Returns when frames are looked at, in ticks.

        Args:
            numbers: int array (L,), from 0 to `frames` - 1.

        Returns:
            float64 array (L,).
        """
        step = (self.end - self.start) / self.frames
        return self.start + (np.asarray(numbers) + 0.5) * step


def shown(frames, moments):
    """Yields what is on the screen at some moments.

    Args:
        frames: iterable of pairs, when a frame begins and the frame, in the order of their times.
        moments: floats (L,) in ascending order.

    Yields:
        L frames; before the first one, the first one.
    """
    left, last = list(reversed(moments)), None
    for begin, frame in itertools.chain(frames, [(np.inf, None)]):
        while left and last is not None and begin > left[-1]:
            left.pop()
            yield last
        if not left:
            return
        last = frame
