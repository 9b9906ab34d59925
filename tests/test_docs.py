"""What README and docs say is so: commands parse, keys exist, tables agree, links resolve."""

import ast
import importlib
import re
import shlex
from pathlib import Path

import pytest
import yaml

from mmssl.cli import _parser
from mmssl.runs import read_recipe, recipe_names

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMANDS = [
    *("list", "pretrain", "evaluate", "finetune", "compare", "report", "embed", "export"),
    *("fill-mask", "colorize", "inpaint", "generate", "doctor", "demo"),
]


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
    if arguments[1:] in ([], ["--help"]):  # the name of a command, spoken of
        assert arguments[0] in (*COMMANDS, "COMMAND")
        return None
    return _parser().parse_known_args(arguments)


@on_every_page
def test_every_command_that_is_shown_parses(page):
    for line in filter(None, map(parsed, command_lines(page))):
        options, overrides = line
        recipe = getattr(options, "recipe", None)
        if recipe is None:
            assert not overrides
        elif recipe in recipe_names():
            read_recipe(recipe, overrides)
        else:
            assert recipe in ("RECIPE", "my_recipe.yaml")


@on_every_page
def test_every_option_that_is_spoken_of_is_a_key_of_a_recipe(page):
    spoken = FENCE.sub("", page.read_text())
    keys = set(re.findall(r"(?<![\w.])((?:data|method|fit|probe)\.[a-z_.]+\w)", spoken))
    known = {name for recipe in recipe_names() for name in flat(read_recipe(recipe))}
    of_commands = {"data.train", "data.test"}
    assert keys - known - of_commands - modules(keys) == set()


def modules(keys):
    """Names that are files or code, such as data.md and data.open."""
    return {key for key in keys if key.split(".")[1] in ("md", "open", "batches", "examples")}


def flat(node, prefix=""):
    for key, value in node.items():
        path = prefix if key == "init_args" else f"{prefix}.{key}".lstrip(".")
        yield path
        if isinstance(value, dict):
            yield from flat(value, path)


# Recipes of the methods that share a page.
SHARED_PAGES = {"joint_embedding": "simclr|moco|byol|simsiam|barlow_twins|vicreg|dino|swav"}


@pytest.mark.parametrize(
    "name",
    [
        "cpc",
        "bert",
        "colorization",
        "data2vec",
        "data2vec2",
        "gpt",
        "inpainting",
        "simcse",
        "wavenet",
        *SHARED_PAGES,
    ],
)
def test_the_table_of_a_methods_recipes_says_what_the_recipes_say(name):
    page = (ROOT / "docs" / "methods" / f"{name}.md").read_text()
    methods, shown = SHARED_PAGES.get(name, name), []
    head = r"^\| key \|((?: \w+/\w+ \|)+)\n\|[-|]+\n((?:\|.*\n)+)"
    for num_heads, rows in re.findall(head, page, re.MULTILINE):
        recipes = [cell.strip() for cell in num_heads.strip("|").split("|")]
        shown += recipes
        for row in rows.splitlines():
            key, *cells = [cell.strip() for cell in row.strip("|").split("|")]
            for recipe, cell in zip(recipes, cells, strict=True):
                value = plain(value_of(read_recipe(recipe), key))
                assert not cell or value == yaml.safe_load(cell), (recipe, key)
    own = [r for r in recipe_names() if re.fullmatch(rf"({methods})(_\w+)?", r.split("/")[1])]
    assert sorted(shown) == own


def value_of(config, key):
    for name in key.split("."):
        config = config.get("init_args", config)[name]
    return config


def plain(value):
    return list(value) if isinstance(value, tuple) else value


@on_every_page
def test_every_recipe_that_is_shown_is_one(page, tmp_path):
    for text in blocks(page, "yaml"):
        path = tmp_path / "my_recipe.yaml"
        path.write_text(text)
        assert read_recipe(path)["method"]


@on_every_page
def test_every_python_example_imports_what_there_is(page):
    for text in blocks(page, "python"):
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom) and node.module.startswith("mmssl"):
                module = importlib.import_module(node.module)
                assert all(hasattr(module, alias.name) for alias in node.names), text


@on_every_page
def test_every_relative_link_resolves(page):
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text())
    relative = [link for link in links if not re.match(r"[a-z]+:", link)]
    assert [link for link in relative if not (page.parent / link).exists()] == []


def test_the_table_of_commands_is_complete():
    table = (ROOT / "README.md").read_text().split("## Commands")[1].split("\n## ")[0]
    assert sorted(re.findall(r"^\| `mmssl ([\w-]+)`", table, re.MULTILINE)) == sorted(COMMANDS)
    assert sorted(COMMANDS) == sorted(_parser()._subparsers._group_actions[0].choices)


def test_every_method_has_a_page_that_the_readme_links():
    methods = importlib.import_module("mmssl.methods")
    pages = [getattr(methods, name).__module__.rpartition(".")[2] for name in methods.__all__]
    shared = {name: page for page, names in SHARED_PAGES.items() for name in names.split("|")}
    pages = {shared.get(re.sub(r"_v\d$", "", page), page) for page in pages}
    readme = (ROOT / "README.md").read_text()
    assert all(f"](docs/methods/{page}.md)" in readme for page in pages)
