"""The recipes that come with mmssl: their names and files."""

from importlib import resources
from pathlib import Path


def recipe_names():
    """Lists the recipes that come with mmssl, such as `"audio/cpc"`."""
    root = resources.files("mmssl.configs")
    return sorted(
        f"{folder.name}/{file.name.removesuffix('.yaml')}"
        for folder in root.iterdir()
        if folder.is_dir()
        for file in folder.iterdir()
        if file.name.endswith(".yaml")
    )


def recipe_path(name):
    """Returns the pathlib.Path of a recipe's YAML file.

    Args:
        name: one of `recipe_names()`.
    """
    return Path(str(resources.files("mmssl.configs") / f"{name}.yaml"))
