"""What pip installs is all there is: pyproject.toml lists every folder of code or recipes."""

from setuptools.config.pyprojecttoml import read_configuration

from docs.rooms import ROOT


def packages(folder, ending):
    """Names the folders under one that hold files of a kind, as they are imported."""
    holding = {path.parent.relative_to(ROOT).parts for path in (ROOT / folder).rglob(ending)}
    return {".".join(parts if folder == "mmssl" else ("mmssl", *parts)) for parts in holding}


def test_every_folder_of_code_or_recipes_is_installed():
    told = read_configuration(ROOT / "pyproject.toml", expand=False)["tool"]["setuptools"]
    code = packages("mmssl", "*.py") | packages("pipelines", "*.py")
    recipes = packages("configs", "*.yaml") | {"mmssl.configs"}
    assert sorted(told["packages"]) == sorted(code | recipes)
