"""How much moves in videos, and where."""

import numpy as np

GRID = 32  # places of a frame, along each side, that are compared: enough to see what moves


def motion(frames):
    """Measures how much changes from each frame of a video to the next.

    Args:
        frames: iterable of T uint8 arrays (H, W, 3) of one size, T at least 1.

    Returns:
        float32 array (T - 1,), the mean absolute difference of gray levels from 0 to 1.
    """
    before, changes = None, []
    for frame in frames:
        now = _coarse(frame)
        if before is not None:
            changes.append(np.abs(now - before).mean())
        before = now
    return np.array(changes, np.float32)


def window_weights(changes, window):
    """Computes how likely each window of a video is to be drawn: by how much moves in it.

    Args:
        changes: float array (T - 1,), as of `motion`.
        window: int, frames of a window, from 2 to T.

    Returns:
        float32 array (T - window + 1,), in proportion to the motion of each window, of sum 1;
        all equal where nothing moves.
    """
    sums = np.concatenate([[0.0], np.cumsum(changes, dtype=np.float64)])
    moved = np.maximum(sums[window - 1 :] - sums[: len(sums) - window + 1], 0.0)
    total = moved.sum()
    weights = moved / total if total > 0 else np.full(len(moved), 1 / len(moved))
    return weights.astype(np.float32)


def _coarse(frame):
    """Averages gray levels over the cells of a grid, or takes the pixels of a small frame."""
    gray = frame.mean(axis=2, dtype=np.float32) / 255.0
    for axis in (0, 1):
        if gray.shape[axis] > GRID:
            edges = np.arange(GRID) * gray.shape[axis] // GRID
            sizes = np.diff([*edges, gray.shape[axis]])
            cells = np.add.reduceat(gray, edges, axis=axis)
            gray = cells / sizes.reshape((-1, 1) if axis == 0 else (1, -1))
    return gray
