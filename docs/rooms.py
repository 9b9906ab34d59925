"""The rooms of the house: their order, what each holds, and what imports what.

A module imports from its own room and from rooms below it. The test of imports, the picture and the
table of architecture.md all take the order from here.
"""

import ast
import re
from importlib.util import resolve_name
from pathlib import Path

ROOT = Path(__file__).parents[1]

# From the bottom up. Rooms of one level do not import each other.
LEVELS = (
    (
        *("files", "reading", "strategy", "distribution", "choices"),
        *("quiet", "stopping", "recipes"),
    ),
    ("layers",),
    ("losses",),
    ("optimizers",),
    ("pipelines",),
    ("encoders",),
    ("decoders",),
    ("methods",),
    ("generation",),
    ("runs", "suggest", "overview"),
    ("evaluation",),
    ("deploy",),
    ("training",),
    ("apply", "search"),
    ("serving",),
    ("doctor", "demo"),
    ("commands",),
    ("cli",),
)

# Batches are made without a model, and models are built without a source of data: these two sides
# meet in a run.
SIDES = (
    {"pipelines"},
    {"layers", "losses", "optimizers", "encoders", "decoders", "methods"},
)

# The same within a room; what is not named here stands above what is.
PARTS = {
    "losses": (("parts",),),
    "pipelines": (
        ("elements",),
        ("closing", "parts", "sources", "masks"),
        ("balanced", "readable", "shard_order"),
        ("opening",),
        ("reader",),
        ("pipeline",),
        ("numbered",),
        ("audio", "codes", "episodes", "images", "tables", "text"),
        ("video",),
        ("pairs",),
        ("code",),
        ("in_graph",),
    ),
    "encoders": (("parts",),),
    "methods": (("bases",),),
}


def modules():
    """Maps the dotted name of every module in a room to its file."""
    names = {_name(path): path for path in sorted(_files())}
    return {name: path for name, path in names.items() if name != "mmssl"}


def imports(name, path):
    """Lists what of mmssl a module imports, imports inside functions included.

    Args:
        name: dotted name of the module, such as `"mmssl.methods.moco"`.
        path: its file.

    Returns:
        Set of dotted names; `from mmssl.layers import VectorQueue` is
        `"mmssl.layers.VectorQueue"`.
    """
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            source = resolve_name("." * node.level + (node.module or ""), package)
            found |= {f"{source}.{alias.name}" for alias in node.names}
    return {target for target in found if target.startswith("mmssl.")}


def edges():
    """Lists the imports between rooms: a set of pairs (room, room that it imports)."""
    pairs = {
        (room_of(name), room_of(target))
        for name, path in modules().items()
        for target in imports(name, path)
    }
    return {(room, other) for room, other in pairs if room != other and other in _ranks(LEVELS)}


def may_import(name, target):
    """Says whether one module may import from another.

    Args:
        name: dotted name of the module that imports.
        target: dotted name of what it imports.
    """
    room, other = room_of(name), room_of(target)
    if room != other:
        return _is_below(other, room, LEVELS) and not _other_side(room, other)
    part, source = (dotted.split(".")[2:3] for dotted in (name, target))
    if part == source or not part or room not in PARTS:
        return True
    return _is_below(*source, *part, PARTS[room])


def wrong_imports():
    """Lists the imports that are not allowed, as `"module imports module"`."""
    return [
        f"{name} imports {target}"
        for name, path in modules().items()
        for target in sorted(imports(name, path))
        if not may_import(name, target)
    ]


def existing():
    """Lists the rooms that there are, the highest first."""
    there = {room_of(name) for name in modules()}
    return [room for level in reversed(LEVELS) for room in level if room in there]


def unordered():
    """Lists the rooms that have no level."""
    return sorted({room_of(name) for name in modules()} - set(_ranks(LEVELS)))


def room_of(name):
    """Returns the room that a module is in, such as `"methods"` for `"mmssl.methods.moco"`."""
    return name.split(".")[1]


def summary(package):
    """Returns the first sentence of a module's or package's docstring, without its full stop.

    Args:
        package: its path from the root, such as `"mmssl/layers"` or `"mmssl/quiet.py"`.
    """
    path = ROOT / package
    path = path if path.suffix else path / "__init__.py"
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    return re.split(r"\.(?:\s|$)", text)[0].replace("\n", " ")


def path_of(room):
    """Returns where a room lies, such as `"mmssl/layers"`, `"pipelines"` or `"mmssl/quiet.py"`."""
    folder = "pipelines" if room == "pipelines" else f"mmssl/{room}"
    return folder if (ROOT / folder).is_dir() else f"{folder}.py"


def _files():
    yield from (ROOT / "mmssl").rglob("*.py")
    yield from (ROOT / "pipelines").rglob("*.py")


def _name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    parts = parts if parts[0] == "mmssl" else ("mmssl", *parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _ranks(levels):
    return {name: rank for rank, level in enumerate(levels) for name in level}


def _is_below(lower, upper, levels):
    ranks = _ranks(levels)
    if lower not in ranks and upper not in ranks:
        return True
    return ranks.get(lower, len(levels)) < ranks.get(upper, len(levels))


def _other_side(room, other):
    return all({room, other} & side for side in SIDES)
