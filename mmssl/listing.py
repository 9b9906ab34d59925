"""The output of `mmssl list`: the recipes, or the keys of one of them."""

import yaml
from rich.console import Console
from rich.table import Table

from mmssl.recipes import recipe_names, recipe_path


def print_recipes():
    """Prints a table of the recipes with the first line of the comment in each file."""
    table = Table("recipe", "what it is")
    for name in recipe_names():
        text = recipe_path(name).read_text(encoding="utf-8")
        table.add_row(name, text.splitlines()[0].lstrip("# "))
    Console().print(table)


def print_recipe(name, trust=()):
    """Prints a recipe with every argument filled in, as `--KEY VALUE` accepts them.

    Args:
        name: one of `recipe_names()`, or the path of a YAML file.
        trust: see `read_recipe`.

    Raises:
        ValueError: there is no such recipe.
    """
    from mmssl.runs import read_recipe  # which imports TensorFlow
    from mmssl.runs.keys import flat

    config = read_recipe(name, trust=trust)
    table = Table("key", "value")
    for key, value in flat(config):
        table.add_row(f"--{key}", yaml.safe_dump(value, default_flow_style=True).split("\n")[0])
    Console().print(table)
