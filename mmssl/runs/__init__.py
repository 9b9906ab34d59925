"""What a run is on disk: folder, recipe, history, checkpoints."""

from mmssl.recipes import recipe_names
from mmssl.runs.folder import RunFolder
from mmssl.runs.history import read_history
from mmssl.runs.recipe import read_recipe
from mmssl.runs.run import Run

__all__ = ["Run", "RunFolder", "read_history", "read_recipe", "recipe_names"]
