"""Shapes that move, each in one of eight ways that no single frame tells."""

import colorsys

import numpy as np

SIZE, FRAMES, VIDEOS = 32, 20, 960
SHAPES = ("disk", "square", "diamond", "cross")
_NOISE = 0.03  # deviation of the gray of every pixel of every frame


def make():
    """Draws the videos: 960 of 20 frames.

    The picture is a torus, so that what leaves it on one side comes in on the other. Where a shape
    begins, and at which phase, is uniform: the place of a shape in a frame says nothing of how it
    moves, nor do its form, its color and the ground, which are drawn independently. Every third
    video of a way to move is in the test split.

    Returns:
        (uint8 array (960, 20, 32, 32, 3); dict of str arrays `name`, `label` (how it moves),
        `shape` and `split`; None, in place of a sample rate).
    """
    draw = np.random.default_rng(0)
    ways = list(WAYS)
    videos = np.empty((VIDEOS, FRAMES, SIZE, SIZE, 3), np.uint8)
    columns = {"name": [], "label": [], "shape": [], "split": []}
    for number in range(VIDEOS):
        label, shape = ways[number % len(ways)], SHAPES[draw.integers(len(SHAPES))]
        videos[number] = _video(draw, WAYS[label], shape)
        columns["name"].append(f"video {number}")
        columns["label"].append(label)
        columns["shape"].append(shape)
        columns["split"].append("test" if number // len(ways) % 3 == 2 else "train")
    return videos, {name: np.array(column) for name, column in columns.items()}, None


def _line(horizontal, vertical):
    """A way to go straight on, in pixels along each axis for each pixel of its length."""
    return lambda length, radius, phase: (horizontal * length, vertical * length)


def _circle(sense):
    """A way to go around; y points down, so that a sense of 1 is clockwise."""

    def way(length, radius, phase):
        angle = phase + sense * length / radius
        return radius * np.cos(angle), radius * np.sin(angle)

    return way


def _swing(horizontal, vertical):
    """A way to go to and fro."""

    def way(length, radius, phase):
        place = radius * np.sin(phase + length / radius)
        return horizontal * place, vertical * place

    return way


# Functions of the length of the way, of its radius and of its phase, to x and y, all in pixels.
WAYS = {
    "right": _line(1, 0),
    "left": _line(-1, 0),
    "down": _line(0, 1),
    "up": _line(0, -1),
    "clockwise": _circle(1),
    "counterclockwise": _circle(-1),
    "sideways and back": _swing(1, 0),
    "up and down": _swing(0, 1),
}


def _video(draw, way, shape):
    """Draws one video, uint8 (FRAMES, SIZE, SIZE, 3)."""
    length = draw.uniform(0.8, 1.6) * np.arange(FRAMES)
    x, y = way(length, draw.uniform(3.0, 5.0), draw.uniform(0, 2 * np.pi))
    left, top = draw.uniform(0, SIZE, 2)
    radius, color = draw.uniform(4.0, 6.0), colorsys.hsv_to_rgb(draw.uniform(), 0.7, 0.95)
    pixels = np.arange(SIZE)
    across = _around(pixels[None, :] - (left + x)[:, None])[:, None, :]
    down = _around(pixels[None, :] - (top + y)[:, None])[:, :, None]
    reach = radius - _distance(shape, np.abs(across), np.abs(down))
    inside = np.clip(reach + 0.5, 0, 1).astype(np.float32)[..., None]
    ground = draw.uniform(0.1, 0.4)
    noise = draw.standard_normal(inside.shape, np.float32)
    frames = ground + _NOISE * noise + inside * (np.array(color, np.float32) - np.float32(ground))
    return np.rint(np.clip(frames, 0, 1) * 255).astype(np.uint8)


def _around(distance):
    """Distances on a torus, from -SIZE / 2 to SIZE / 2."""
    return (distance + SIZE / 2) % SIZE - SIZE / 2


def _distance(shape, across, down):
    """How far from its center a shape of that form reaches, for pixels at some distances."""
    if shape == "disk":
        return np.hypot(across, down)
    if shape == "square":
        return np.maximum(across, down) * 1.15
    if shape == "diamond":
        return (across + down) * 0.8
    return np.maximum(np.maximum(across, down), 3.0 * np.minimum(across, down))
