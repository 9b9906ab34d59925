"""Pictures of colored shapes at nine places, with captions, drawn by a seed."""

import itertools

import numpy as np

COLORS = {
    "red": (214, 40, 40),
    "green": (44, 160, 44),
    "blue": (38, 84, 201),
    "yellow": (240, 200, 30),
    "purple": (136, 62, 168),
    "white": (245, 245, 245),
}
SHAPES = ("circle", "square", "triangle", "cross", "ring")
PLACES = tuple(
    f"{row} {column}".strip() if (row, column) != ("", "") else "center"
    for row in ("top", "", "bottom")
    for column in ("left", "", "right")
)
SIZE, EACH, SEED = 32, 8, 0
_TEMPLATES = ("a {color} {shape} {place}", "{color} {shape} {place}", "{place}, a {color} {shape}")
_CENTERS = (0.22, 0.5, 0.78)  # of a place, as fractions of the side
_RADIUS = (0.13, 0.19)


def make():
    """Draws the pictures: each color, shape and place eight times, of other sizes and grounds.

    A picture's caption says color, shape and place, such as "a red circle top left". Combinations
    of a color and a shape of which the numbers add up to a multiple of five are the test split: no
    training picture has them, though it has every color, shape and place.

    Returns:
        (uint8 array (N, 32, 32, 3); dict of str arrays `name`, `caption`, `label` (the shape),
        `color`, `place` and `split`; None, in place of a sample rate).
    """
    draw = np.random.default_rng(SEED)
    pictures, rows = [], []
    kinds = itertools.product(enumerate(COLORS), enumerate(SHAPES), enumerate(PLACES))
    for (c, color), (s, shape), (p, place) in kinds:
        split = "test" if (c + s) % 5 == 0 else "train"
        for number in range(EACH):
            pictures.append(picture(COLORS[color], shape, p, draw))
            template = _TEMPLATES[draw.integers(len(_TEMPLATES))]
            caption = template.format(color=color, shape=shape, place=_phrase(place))
            rows.append((f"{color} {shape} {place} {number}", caption, shape, color, place, split))
    names = ("name", "caption", "label", "color", "place", "split")
    columns = dict(zip(names, map(np.array, zip(*rows, strict=True)), strict=True))
    return np.stack(pictures), columns, None


def picture(color, shape, place, draw):
    """Draws a shape.

    Args:
        color: three ints of 0 to 255.
        shape: one of SHAPES.
        place: int, number of a place in PLACES.
        draw: numpy Generator of size, position and ground.

    Returns:
        uint8 (32, 32, 3).
    """
    row, column = divmod(place, 3)
    radius = draw.uniform(*_RADIUS)
    top, left = (_CENTERS[at] + draw.uniform(-0.04, 0.04) for at in (row, column))
    grid = (np.arange(2 * SIZE) + 0.5) / (2 * SIZE)  # twice as fine, for soft edges
    y, x = (grid[:, None] - top) / radius, (grid[None, :] - left) / radius
    inside = _inside(shape, y, x).astype(float)
    inside = inside.reshape(SIZE, 2, SIZE, 2).mean(axis=(1, 3))[..., None]
    ground = draw.integers(0, 90) + draw.normal(0, 6, (SIZE, SIZE, 3))
    mixed = inside * np.array(color) + (1 - inside) * ground
    return np.clip(np.rint(mixed), 0, 255).astype(np.uint8)


def _inside(shape, y, x):
    distance = np.hypot(y, x)
    if shape == "circle":
        return distance <= 1
    if shape == "ring":
        return (distance <= 1) & (distance >= 0.55)
    if shape == "square":
        return np.maximum(np.abs(y), np.abs(x)) <= 0.85
    if shape == "triangle":
        return (y <= 0.8) & (np.abs(x) <= (y + 1) / 1.8)
    return (np.minimum(np.abs(y), np.abs(x)) <= 0.3) & (np.maximum(np.abs(y), np.abs(x)) <= 1)


def _phrase(place):
    return "in the center" if place == "center" else f"at the {place}"
