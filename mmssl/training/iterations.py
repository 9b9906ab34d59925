"""Trainings of one recipe after each other, on targets that are learned from the one before."""

from mmssl.runs.classes import imported


def earlier_iterations(config, out):
    """Lists the runs that a recipe's `fit.iterations` asks for before the one in `out`.

    Args:
        config: dict with the sections of a recipe.
        out: pathlib.Path of the last iteration's run folder.

    Returns:
        list of pathlib.Path, the run folders.

    Raises:
        ValueError: there are several iterations, and the data have no targets to learn.
    """
    count, name = config["fit"]["iterations"], config["data"]["class_path"]
    if count == 1:
        return []
    if imported(name).targets_file is None:
        raise ValueError(
            f"fit.iterations={count} trains on what was learned from the run before: it needs data "
            f"with targets, such as mmssl.pipelines.audio.UnitWindows, not {name}."
        )
    return [out.with_name(f"{out.name}_iteration_{number}") for number in range(1, count)]


def has_learned(config, out):
    """Says whether a run has kept what it learned from the run before, and needs it no more."""
    return (out / imported(config["data"]["class_path"]).targets_file).exists()


def learning_from(folder):
    """Returns the overrides with which an iteration learns its targets from the run in a folder."""
    return [f"--data.targets={folder}"]
