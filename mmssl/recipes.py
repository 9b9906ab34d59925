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
        name: one of `recipe_names()`, or the path of a YAML file.

    Raises:
        ValueError: there is no such recipe.
    """
    path = Path(name)
    if path.suffix in (".yaml", ".yml"):
        if not path.is_file():
            raise ValueError(f"There is no recipe file {name}.")
        return path
    if name not in recipe_names():
        raise ValueError(f"There is no recipe {name!r}; choose one of {', '.join(recipe_names())}.")
    return Path(str(resources.files("mmssl.configs") / f"{name}.yaml"))
