"""A run on disk: its folder, recipe, history and checkpoint."""

from mmssl.runs.folder import RunFolder
from mmssl.runs.history import read_history
from mmssl.runs.recipe import read_recipe, recipe_names
from mmssl.runs.run import Run

__all__ = ["Run", "RunFolder", "read_history", "read_recipe", "recipe_names"]
