"""What README and docs say is so: commands parse, keys exist, tables agree, links resolve."""

import ast
import functools
import importlib
import inspect
import re
import shlex
from pathlib import Path

import pytest

from docs import tables
from mmssl import cli
from mmssl.runs import read_recipe, recipe_names
from mmssl.runs.keys import flat

ROOT = Path(__file__).parents[1]
PAGES = tables.PAGES
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMANDS = [name.replace("_", "-") for name in cli.COMMANDS]


def on_every_page(function):
    return pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)(function)


def blocks(page, language):
    return [text for kind, text in FENCE.findall(page.read_text()) if kind == language]


def command_lines(page):
    """Lines of shell blocks that call mmssl, and the same between backticks in the text."""
    for block in blocks(page, "sh"):
        lines = block.replace("\\\n", " ").splitlines()
        yield from (line for line in lines if line.startswith("mmssl "))
    text = FENCE.sub("", page.read_text())
    yield from re.findall(r"`(mmssl [^`]+)`", text)


def parsed(line):
    arguments = shlex.split(line)[1:]
    if arguments[0] == "COMMAND":
        return None
    if arguments[1:] in ([], ["--help"]):  # the name of a command, spoken of
        assert arguments[0] in COMMANDS
        return None
    return cli._parser().parse_known_args(arguments)


def without_runs(overrides):
    """Leaves out the run of a tokenizer, of which sizes would be read."""
    if "--data.tokens" not in overrides:
        return overrides
    place = overrides.index("--data.tokens")
    return overrides[:place] + overrides[place + 2 :]


@on_every_page
def test_every_command_that_is_shown_parses(page):
    for line in filter(None, map(parsed, command_lines(page))):
        options, overrides = line
        recipe = getattr(options, "recipe", None)
        if recipe is None:
            assert not overrides
        elif recipe in recipe_names():
            read_recipe(recipe, without_runs(overrides))
        else:
            assert recipe in ("RECIPE", "auto", "my_recipe.yaml", "dcl.yaml")


@on_every_page
def test_every_option_that_is_spoken_of_is_a_key_of_a_recipe(page):
    spoken = FENCE.sub("", page.read_text())
    keys = set(re.findall(r"(?<![\w.])((?:data|method|fit|probe)\.[a-z_.]+\w)", spoken))
    of_commands = {"data.train", "data.test"}
    assert keys - known_keys() - of_commands - modules(keys) == set()


@functools.cache
def known_keys():
    """The keys of the recipes, and what holds several, such as `fit.keep`."""
    keys = {name for recipe in recipe_names() for name, _ in flat(tables.config_of(recipe))}
    return keys | {key.rpartition(".")[0] for key in keys}


def modules(keys):
    """Names that are files or code, such as data.md and data.open."""
    return {key for key in keys if key.split(".")[1] in ("md", "open", "batches", "examples")}


def test_what_is_generated_is_what_the_scripts_make():
    assert sorted(tables.stale()) == [], "python -m docs.tables"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("| data.size | 28 | 224 |", "| data.size | 29 | 224 |"),
        ("| method.temperature | 0.2 | 0.1 |", "| method.temperature | 0.1 | 0.2 |"),
    ],
)
def test_a_value_that_is_wrong_in_a_table_of_recipes_is_put_right(old, new):
    page = ROOT / "docs" / "methods" / "joint_embedding.md"
    text = page.read_text()
    assert old in text
    assert tables.rewritten(page, text.replace(old, new)) == text


def test_a_cell_left_empty_stays_empty():
    table = "| key | vision/simclr | audio/simclr |\n|---|---|---|\n| data.size | 1 | |\n"
    assert tables.rewritten(ROOT / "README.md", table) == table.replace("1 |", "28 |")


def test_commands_become_rows_of_a_table():
    rows = tables.commands_table(ROOT / "README.md").splitlines()
    assert rows[4].startswith("| `mmssl pretrain` | Train a recipe in a run folder")
    assert rows[4].endswith("| [runs](docs/runs.md) |")
    assert len(rows) == 2 + len(COMMANDS)


def test_every_recipe_has_a_table_on_a_page_of_its_method():
    shown = set()
    for page in (ROOT / "docs" / "methods").glob("*.md"):
        for head, _ in tables.KEYS.findall(page.read_text()):
            shown |= set(tables.cells(head.splitlines()[0])[1:])
    assert shown == set(recipe_names())


def test_every_method_has_a_page():
    assert [cls.__name__ for cls in tables.methods() if tables.page_of(cls) is None] == []


@on_every_page
def test_every_recipe_that_is_shown_is_one(page, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "docs" / "examples")
    for text in blocks(page, "yaml"):
        path = tmp_path / "my_recipe.yaml"
        path.write_text(text)
        assert read_recipe(path, trust=["dcl"])["method"]


@on_every_page
def test_every_python_example_imports_what_there_is(page):
    for text in blocks(page, "python"):
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom) and node.module.startswith("mmssl"):
                module = importlib.import_module(node.module)
                assert all(hasattr(module, alias.name) for alias in node.names), text


@on_every_page
def test_every_python_example_passes_arguments_that_there_are(page):
    for text in blocks(page, "python"):
        tree = ast.parse(text)
        called = imported_from_mmssl(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", None) in called:
                given = {keyword.arg for keyword in node.keywords} - {None}
                assert given <= parameters(called[node.func.id]), ast.unparse(node)


def imported_from_mmssl(tree):
    return {
        alias.name: getattr(importlib.import_module(node.module), alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module.startswith("mmssl")
        for alias in node.names
    }


def parameters(thing):
    """Names of what a function takes, or a class and its bases."""
    functions = [c.__init__ for c in thing.__mro__] if isinstance(thing, type) else [thing]
    return {name for f in functions for name in inspect.signature(f).parameters}


def test_the_table_of_losses_names_arguments_that_there_are():
    losses = importlib.import_module("mmssl.losses")
    rows = re.findall(
        r"^\| (`\w+_?\w*`.*)\|$", (ROOT / "docs" / "losses.md").read_text(), re.MULTILINE
    )
    assert len(rows) > 10
    for row in rows:
        names, _, _, takes, _ = re.split(r"(?<!\\)\|", row)
        taken = [parameters(getattr(losses, name)) for name in re.findall(r"`(\w+)`", names)]
        assert set(re.findall(r"`(\w+)`", takes)) <= set().union(losses.__all__, *taken), row


@on_every_page
def test_every_relative_link_resolves(page):
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text())
    relative = [link for link in links if not re.match(r"[a-z]+:", link)]
    assert [link for link in relative if not (page.parent / link).exists()] == []


def test_the_table_of_commands_is_complete():
    table = (ROOT / "README.md").read_text().split("## Commands")[1].split("\n## ")[0]
    assert sorted(re.findall(r"^\| `mmssl ([\w-]+)`", table, re.MULTILINE)) == sorted(COMMANDS)
    assert sorted(COMMANDS) == sorted(cli._parser()._subparsers._group_actions[0].choices)


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("[MoCo](", "def push("),
        ("| decoding |", "def _resample("),
        ("| loop |", "self.fit.checkpoint_seconds"),
    ],
)
def test_a_row_of_the_architecture_leads_to_the_file_that_does_it(row, code):
    page = ROOT / "docs" / "architecture.md"
    (line,) = (line for line in page.read_text().splitlines() if row in line)
    linked = [page.parent / target for target in re.findall(r"\]\(([^)]+)\)", line)]
    assert any(code in path.read_text() for path in linked)
