"""Writes what code, recipes and docstrings decide in README and docs: tables, and examples.

python -m docs.tables           rewrites them
python -m docs.tables --check   names the pages that would change, and fails if there are any

It stands between `<!-- generated: NAME -->` and `<!-- end -->`. A table with recipes in its head,
`| key | vision/simclr | vision/simclr_paper |`, needs no such marks: the page chooses keys and
recipes, this script fills in the values. A cell left empty, where the key has no effect, stays so.
"""

import functools
import importlib
import inspect
import os
import re
import sys
from pathlib import PurePath

import yaml

from docs import rooms
from mmssl.cli import COMMANDS
from mmssl.runs import read_recipe, recipe_names
from mmssl.suggest.candidates import CANDIDATES

PAGES = [
    rooms.ROOT / "README.md",
    *sorted((rooms.ROOT / "docs").glob("*.md")),
    *sorted((rooms.ROOT / "docs" / "methods").glob("*.md")),
]
GUIDES = {
    "suggest": "docs/choosing.md",
    "prepare": "docs/data.md#prepared-shards",
    "pretrain": "docs/runs.md",
    "launch": "docs/scale.md",
    "sweep": "docs/runs.md#sweeps",
    "data_service": "docs/runs.md#batches-made-elsewhere",
    "evaluate": "docs/evaluation.md",
    "finetune": "docs/evaluation.md#fine-tuning",
    "compare": "docs/evaluation.md#runs-side-by-side",
    "runs": "docs/runs.md#runs-of-a-folder",
    "export": "docs/deployment.md",
    "index": "docs/search.md",
    "search": "docs/search.md",
    "duplicates": "docs/search.md#near-duplicates",
    "serve": "docs/serving.md",
    "classify": "docs/methods/clip.md#uses",
    "retrieve": "docs/methods/clip.md#uses",
    "fill": "docs/methods/sequence_to_sequence.md",
    "fill_mask": "docs/methods/bert.md",
    "neighbors": "docs/methods/word2vec.md#neighbors-and-analogies",
    "analogy": "docs/methods/word2vec.md#neighbors-and-analogies",
    "colorize": "docs/methods/colorization.md",
    "generate": "docs/methods/wavenet.md",
    "inpaint": "docs/methods/inpainting.md",
    "tokenize": "docs/data.md#codes-of-a-tokenizer",
    "reconstruct": "docs/methods/vq_vae.md#codes",
    "restore": "docs/methods/ipt.md",
}
BLOCK = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
KEYS = re.compile(r"^(\| key \|(?: \w+/\w+ \|)+\n\|[-|]+\n)((?:\|.*\n)+)", re.MULTILINE)
FOLDERS = {  # without a docstring
    "notebooks": "Executed notebooks",
    "benchmarks": "Scripts that time steps, recipes, pipelines and sampling",
}


def methods_table(page):
    """Lists the methods: page, paper, what they learn from, recipes."""
    rows = [
        (
            link(page, page_of(cls), cls.__name__),
            *idea_and_paper(cls),
            ", ".join(
                sorted({pipeline.__module__.split(".")[2] for pipeline in pipelines_of(cls)})
            ),
            ", ".join(f"`{name}`" for name in recipes_of(cls)),
        )
        for cls in methods()
    ]
    return table(("method", "idea", "paper", "learns from", "recipes"), rows)


def families_table(page):
    """Lists the methods by their base: file, pipelines, losses and layers."""
    rows = [
        (
            links(page, [base_of(cls)]),
            links(page, [cls]),
            links(page, pipelines_of(cls)),
            links(page, parts_of(cls)),
        )
        for cls in sorted(methods(), key=lambda cls: base_of(cls).__name__)
    ]
    return table(("base", "method", "pipelines", "losses and layers"), rows)


def rooms_table(page):
    """Lists the rooms, the highest first: what each holds, and what it imports."""
    rows, edges = [], rooms.edges()
    for room in rooms.existing():
        path = rooms.path_of(room)
        below = [other for other in rooms.existing() if (room, other) in edges]
        rows.append((link(page, path, f"`{path}`"), rooms.summary(path), ", ".join(below)))
    return table(("room", "holds", "imports"), rows)


def layout_table(page):
    """Lists the folders of the repository."""
    packages = [rooms.path_of(room) for room in rooms.existing()]
    packages = [path for path in packages if not path.endswith(".py")]
    holds = {path: rooms.summary(path) for path in [*packages, "configs", "docs", "tests"]}
    rows = [(link(page, path, f"`{path}/`"), text) for path, text in (holds | FOLDERS).items()]
    return table(("folder", "holds"), rows)


def commands_table(page):
    """Lists the commands, in the order of `mmssl --help`: what each does, and its guide."""
    rows = []
    for name in COMMANDS:
        summary = rooms.summary(f"mmssl/commands/{name}.py")
        path = GUIDES.get(name)
        guide = link(page, path, PurePath(path).stem) if path else ""
        rows.append((f"`mmssl {name.replace('_', '-')}`", summary, guide))
    return table(("command", "what it does", "guide"), rows)


def candidates_table(page):
    """Lists the recipes that may be suggested, in the order of preference."""
    rows = [
        (
            f"`{one.recipe}`",
            one.suits,
            f"{one.minutes:g}",
            f"{one.measured} ({link(page, *where_of(one))})",
        )
        for one in CANDIDATES
    ]
    return table(("recipe", "for", "minutes", "measured"), rows)


def where_of(candidate):
    """Returns the page and section of a candidate's figure, and the page's name."""
    return candidate.where, PurePath(candidate.where.partition("#")[0]).stem


def example_method(page):
    """Shows the example of a method."""
    return example("dcl.py", "python")


def example_recipe(page):
    """Shows the recipe of the example."""
    return example("dcl.yaml", "yaml")


def example(name, language):
    text = (rooms.ROOT / "docs" / "examples" / name).read_text(encoding="utf-8")
    return f"```{language}\n{text}```\n"


GENERATED = {
    "methods": methods_table,
    "families": families_table,
    "rooms": rooms_table,
    "layout": layout_table,
    "commands": commands_table,
    "candidates": candidates_table,
    "example_method": example_method,
    "example_recipe": example_recipe,
}


def rewritten(page, text):
    """Returns a page's text with what is generated as it must be.

    Args:
        page: its path.
        text: str.
    """
    text = BLOCK.sub(lambda found: found[1] + GENERATED[found[2]](page) + found[3], text)
    return KEYS.sub(lambda found: found[1] + values(*found.groups()), text)


def values(head, rows):
    """Fills in a table of recipes' keys."""
    recipes = cells(head.splitlines()[0])[1:]
    filled = []
    for row in rows.splitlines():
        key, *shown = cells(row)
        pairs = zip(recipes, shown, strict=True)
        filled.append(row_of(key, *(cell and value_of(recipe, key) for recipe, cell in pairs)))
    return "".join(filled)


def value_of(recipe, key):
    """Returns the value of a recipe's key as a recipe would write it."""
    node = config_of(recipe)
    for name in key.split("."):
        node = node.get("init_args", node)[name]
    if isinstance(node, float) and node.is_integer():
        node = int(node)
    node = list(node) if isinstance(node, tuple) else node
    return yaml.safe_dump(node, default_flow_style=True, width=1000).split("\n")[0]


def methods():
    """Lists the classes that mmssl.methods exports, by name."""
    module = importlib.import_module("mmssl.methods")
    return [getattr(module, name) for name in sorted(module.__all__, key=str.lower)]


def page_of(cls):
    """Finds the page of a method: its own, or the section of a page of several.

    Returns:
        Path from the root, with an anchor where it is a section; None where there is no page.
    """
    folder = rooms.ROOT / "docs" / "methods"
    own = folder / f"{cls.__module__.rpartition('.')[2]}.md"
    if own.exists():
        return str(own.relative_to(rooms.ROOT))
    for page in sorted(folder.glob("*.md")):
        for heading in re.findall(r"^## (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE):
            if heading.replace(" ", "").lower() == cls.__name__.lower():
                anchor = heading.replace(" ", "-").lower()
                return f"{page.relative_to(rooms.ROOT)}#{anchor}"
    return None


def idea_and_paper(cls):
    """Takes a method's idea and its paper out of the first sentence of its docstring."""
    text = " ".join(inspect.getdoc(cls).split("\n\n")[0].split())
    idea, who, year, number = re.match(
        r"(.+?) \(([^)]+?),? (\d{4})(?:, arXiv ([\d.]+\d))?", text
    ).groups()
    authors = who.split(", ")
    short = " and ".join(authors) if len(authors) < 3 else f"{authors[0]} et al."
    paper = f"[{number}](https://arxiv.org/abs/{number})" if number else ""
    return idea, f"{short} {year} {paper}".strip()


@functools.cache
def config_of(recipe):
    return read_recipe(recipe)


def recipes_of(cls):
    """Lists the recipes of a method."""
    path = f"mmssl.methods.{cls.__name__}"
    return [name for name in recipe_names() if config_of(name)["method"]["class_path"] == path]


def base_of(cls):
    return cls.__mro__[1]


def pipelines_of(cls):
    """Lists the pipelines that a method's recipes name."""
    paths = dict.fromkeys(config_of(name)["data"]["class_path"] for name in recipes_of(cls))
    return [imported(path) for path in paths]


def parts_of(cls):
    """Lists the losses and layers that a method's file imports."""
    path = rooms.ROOT / file_of(cls)
    names = {name.rpartition(".")[2] for name in rooms.imports(cls.__module__, path)}
    packages = [importlib.import_module(f"mmssl.{room}") for room in ("losses", "layers")]
    return [getattr(p, name) for p in packages for name in sorted(names & set(p.__all__))]


def imported(path):
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def file_of(thing):
    """Returns the path from the root of the file that a class or function stands in."""
    path = thing.__module__.replace("mmssl.pipelines", "pipelines").replace(".", "/")
    return f"{path}.py"


def links(page, things):
    return ", ".join(link(page, file_of(thing), thing.__name__) for thing in things)


def link(page, target, text):
    """Writes a link from a page to a path from the root."""
    relative = os.path.relpath(rooms.ROOT / target, page.parent)
    return f"[{text}]({relative}{'/' if (rooms.ROOT / target).is_dir() else ''})"


def cells(row):
    return [cell.strip() for cell in row.strip("|").split("|")]


def row_of(*texts):
    return "|" + "".join(f" {text} |" if text else " |" for text in texts) + "\n"


def table(head, rows):
    return "".join([row_of(*head), f"|{'---|' * len(head)}\n", *(row_of(*row) for row in rows)])


def stale():
    """Maps the pages that are not what they must be to their new text."""
    texts = {page: page.read_text(encoding="utf-8") for page in PAGES}
    new = {page: rewritten(page, text) for page, text in texts.items()}
    return {page: new[page] for page in PAGES if new[page] != texts[page]}


if __name__ == "__main__":
    changed = stale()
    for page, text in changed.items():
        print(page.relative_to(rooms.ROOT))
        if "--check" not in sys.argv:
            page.write_text(text, encoding="utf-8")
    sys.exit("--check" in sys.argv and bool(changed))
