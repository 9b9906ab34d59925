"""Nothing but mmssl/files.py moves files into place."""

import ast
from pathlib import Path

import pytest

import mmssl

ROOT = Path(mmssl.__file__).parents[1]


def moves(tree):
    """Lines that move files, or write a text where it may be seen half."""
    return [node.lineno for node in ast.walk(tree) if _imports_move(node) or _moves(node)]


def _imports_move(node):
    of = node.module if isinstance(node, ast.ImportFrom) else None
    return of in ("os", "shutil") and any(
        alias.name in ("replace", "rename", "renames", "move") for alias in node.names
    )


def _moves(node):
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        return False
    name, of = node.func.attr, getattr(node.func.value, "id", "")
    if name in ("replace", "rename"):
        return of == "os" or (len(node.args) == 1 and not node.keywords)  # that of str takes two
    return name == "write_text" or (of, name) in {("shutil", "move"), ("os", "renames")}


@pytest.mark.parametrize(
    "line",
    [
        "os.replace(a, b)",
        "os.rename(a, b)",
        "a.replace(b)",
        "a.b.rename(c)",
        "shutil.move(a, b)",
        "from os import replace",
        "Path(a).write_text(text)",
    ],
)
def test_a_move_is_noticed(line):
    assert moves(ast.parse(line)) == [1]


@pytest.mark.parametrize("line", ["a.replace('b', 'c')", "replace(a, b=c)", "write_text(a, b)"])
def test_what_is_no_move_is_let_by(line):
    assert moves(ast.parse(line)) == []


def test_nothing_else_moves_files_into_place():
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for folder in ("mmssl", "pipelines")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if path != ROOT / "mmssl" / "files.py"
        for line in moves(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert found == []
