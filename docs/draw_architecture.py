"""Draws the rooms of the package and the imports between them, from the code's syntax trees.

python -m docs.draw_architecture docs/images/architecture.svg
"""

import sys
import textwrap

import matplotlib.pyplot as plt
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from docs import rooms

# Left edge, lowest storey, width in columns, height in storeys. A room stands above what it
# imports, so that nearly every arrow falls straight down.
PLACES = {
    "cli": (0, 10, 4, 1),
    "commands": (0, 9, 4, 1),
    "demo": (1, 8, 0.75, 1),
    "doctor": (1.75, 8, 0.7, 1),
    "overview": (3.55, 5, 0.45, 4),
    "training": (1, 7, 1.15, 1),
    "apply": (2.15, 7, 0.85, 1),
    "search": (0, 7, 1, 1),
    "serving": (0, 8, 1, 1),
    "deploy": (0, 6, 1, 1),
    "evaluation": (1, 6, 2, 1),
    "generation": (0, 5, 2, 1),
    "runs": (2, 5, 1, 1),
    "suggest": (3, 5, 0.55, 4),
    "methods": (0, 4, 3, 1),
    "losses": (0, 1, 1, 3),
    "optimizers": (2, 1, 1, 3),
    "decoders": (1, 3, 1, 1),
    "encoders": (1, 2, 1, 1),
    "layers": (1, 1, 1, 1),
    "pipelines": (3, 1, 1, 4),
}
LISTED = ("losses", "optimizers", "pipelines", "suggest")  # tall enough to name what is in them
GROUND = rooms.LEVELS[0]

FILLS = (
    ("#d5dbe5", ("cli", "commands", "demo", "doctor", "overview")),
    ("#c3daf5", ("training", "apply", "search", "serving", "deploy", "evaluation")),
    ("#c5e4df", ("generation", "runs", "suggest")),
    ("#f9d9a8", ("methods",)),
    ("#fcefcb", ("losses", "optimizers", "decoders", "encoders", "layers")),
    ("#cfe8bd", ("pipelines",)),
)
GRAY = "#808893"  # seen on a white page as on a black one, like the filled boxes
WIDTH, HEIGHT, GAP, EDGE = 2.3, 0.94, 0.14, 0.07  # inches: column, storey, between rooms
LINE = 0.127  # inches from line to line


def arrows():
    """Lists the imports to draw: those that do not follow from others; the ground is left out."""
    pairs = {(room, below) for room, below in rooms.edges() if below not in GROUND}
    return sorted(pair for pair in pairs if pair[1] not in _reached(pair, pairs - {pair}))


def labels():
    """Maps every room to what is written in its box under the name."""
    return {room: _label(room) for room in rooms.existing() if room not in GROUND}


def description():
    """Writes down all that the picture shows; it is kept in the file, where a test reads it."""
    boxes = [f"{room}: {' '.join(text.split())}" for room, text in labels().items()]
    return "; ".join([*boxes, *(f"{room} imports {below}" for room, below in arrows())])


def _reached(pair, pairs):
    found, last = set(), {pair[0]}
    while last:
        last = {below for room, below in pairs if room in last} - found
        found |= last
    return found


def _label(room):
    summary = rooms.summary(rooms.path_of(room)).replace("`", "")
    if room not in LISTED:
        return summary
    folder = rooms.ROOT / rooms.path_of(room)
    inside = {path.stem for path in folder.iterdir() if path.suffix == ".py" or path.is_dir()}
    return f"{summary}\n" + ", ".join(sorted(name for name in inside if name[0] != "_"))


def _box(room):
    left, storey, width, height = PLACES[room]
    return (
        left * WIDTH + EDGE,
        storey * HEIGHT + GAP,
        width * WIDTH - 2 * EDGE,
        height * HEIGHT - 2 * GAP,
    )


def draw_room(axes, room, text):
    """Draws one box: the name, and under it what the room holds."""
    x, y, width, height = _box(room)
    fill = next(color for color, members in FILLS if room in members)
    _rectangle(axes, (x, y, width, height), fill)
    lines = _wrapped(text, int(width * 17.5))
    middle, top = x + width / 2, y + height / 2 + LINE * len(lines) / 2 + 0.02
    axes.text(middle, top, room, weight="bold", size=10, ha="center", va="center")
    # One text a line: a reader's other font keeps them centered.
    for number, line in enumerate(lines, start=1):
        low = top - 0.05 - LINE * number
        axes.text(middle, low, line, size=7.5, ha="center", va="center")


def _wrapped(text, width):
    parts = [textwrap.wrap(part, width) for part in text.split("\n")]
    return [line for part in parts for line in ["", *part]][1:]


def draw_ground(axes):
    """Draws what every room may import, as one strip."""
    _rectangle(axes, (EDGE, GAP, 4 * WIDTH - 2 * EDGE, HEIGHT - 2 * GAP), "#e4e4e4")
    names = "   ".join(name for name in rooms.existing() if name in GROUND)
    middle = 2 * WIDTH
    axes.text(middle, HEIGHT / 2 + 0.1, names, weight="bold", size=10, ha="center", va="center")
    note = "may be imported by every room, and import nothing of ours"
    axes.text(middle, HEIGHT / 2 - 0.12, note, size=7.5, ha="center", va="center")


def draw_arrow(axes, room, below):
    """Draws one import, straight down where the rooms stand above each other."""
    (x, y, width, _), (left, low, across, high) = _box(room), _box(below)
    start, end = max(x, left), min(x + width, left + across)
    if start < end:
        tail = head = (start + end) / 2
    else:
        tail, head = x + width - 0.3, left + 0.3
    axes.add_patch(
        FancyArrowPatch(
            (tail, y), (head, low + high), arrowstyle="-|>", mutation_scale=9,
            color=GRAY, linewidth=1.3, shrinkA=0, shrinkB=0,
        )
    )  # fmt: skip


def _rectangle(axes, box, fill):
    x, y, width, height = box
    axes.add_patch(
        FancyBboxPatch(
            (x + 0.06, y + 0.06), width - 0.12, height - 0.12,
            boxstyle="round,pad=0.06", facecolor=fill, edgecolor=GRAY, linewidth=0.8,
        )
    )  # fmt: skip


def draw():
    """Draws the whole picture.

    Returns:
        matplotlib.figure.Figure.
    """
    size = (4 * WIDTH, 11 * HEIGHT)
    figure = plt.figure(figsize=size)
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, size[0]), ylim=(0, size[1]))
    axes.axis("off")
    for room, text in labels().items():
        draw_room(axes, room, text)
    draw_ground(axes)
    for room, below in arrows():
        draw_arrow(axes, room, below)
    return figure


if __name__ == "__main__":
    # Text stays text, and nothing in the file depends on the day or on chance.
    plt.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "mmssl"})
    metadata = {"Date": None, "Description": description()}
    vector = sys.argv[1].endswith(".svg")
    draw().savefig(sys.argv[1], transparent=True, metadata=metadata if vector else None)
