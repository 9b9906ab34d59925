"""Saving everything that the next step depends on, and bringing it back."""

import json
import os
from pathlib import Path

import numpy as np


def state_variables(model):
    """Lists what changes during training: weights, random states, optimizer, running metrics."""
    variables = [*model.variables, *model.optimizer.variables, *model.metrics_variables]
    return list({id(variable): variable for variable in variables}.values())


def save_state(path, model, position):
    """Writes a checkpoint beside `path` and moves it into place.

    Args:
        path: file to write, `.npz`.
        model: compiled keras.Model.
        position: dict of JSON values that say how far the run is.
    """
    path = Path(path)
    arrays = {f"variable_{i}": v.numpy() for i, v in enumerate(state_variables(model))}
    beside = path.with_suffix(".tmp")
    with open(beside, "wb") as file:
        np.savez(file, position=json.dumps(position), **arrays)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)


def load_state(path, model):
    """Brings a checkpoint back into a model built and compiled as the one that wrote it.

    Args:
        path: file written by `save_state`.
        model: compiled keras.Model.

    Returns:
        dict, the position.

    Raises:
        ValueError: the checkpoint is of another model.
    """
    with np.load(path, allow_pickle=False) as archive:
        variables = state_variables(model)
        shapes = [archive[f"variable_{i}"].shape for i in range(len(archive.files) - 1)]
        if shapes != [tuple(v.shape) for v in variables]:
            raise ValueError(
                f"{path} holds {len(shapes)} variables that do not fit this model's "
                f"{len(variables)}: it was written by another configuration or version. "
                "Use a new run folder."
            )
        for i, variable in enumerate(variables):
            variable.assign(archive[f"variable_{i}"])
        return json.loads(str(archive["position"]))
