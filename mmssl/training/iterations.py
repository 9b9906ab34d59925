"""What one command trains one after the other: iterations of a recipe, or stages of a method."""

from mmssl.methods.bases.layerwise import Layerwise
from mmssl.runs import RunFolder
from mmssl.runs.classes import imported
from mmssl.runs.recipe import build


def runs_in_order(config, out):
    """Lists the runs that a recipe asks for, each of which begins with what the one before learned.

    Args:
        config: dict with the sections of a recipe.
        out: pathlib.Path of the last run's folder.

    Returns:
        list of pairs of a run folder, pathlib.Path, and the overrides that make the recipe its own;
        the last one is `out`. Runs that nothing needs any more are left out.

    Raises:
        ValueError: there are several iterations, and the data have no targets to learn; or the
            method has no such stage.
    """
    if config["fit"]["iterations"] > 1:
        return _iterations(config, out)
    method = config["method"]
    if issubclass(imported(method["class_path"]), Layerwise):
        stage = method["init_args"].get("stage", 1)
        if stage > 1 and config["fit"]["initial_weights"] is None:
            build(method)  # refuses a stage that there is not, before the others are trained
            return _stages(stage, out)
    return [(out, [])]


def _iterations(config, out):
    """Lists trainings on targets that are learned from the one before, `fit.iterations` of them."""
    count, name = config["fit"]["iterations"], config["data"]["class_path"]
    file = imported(name).targets_file
    if file is None:
        raise ValueError(
            f"fit.iterations={count} trains on what was learned from the run before: it needs data "
            f"with targets, such as mmssl.pipelines.audio.UnitWindows, not {name}."
        )
    folders = [out.with_name(f"{out.name}_iteration_{number}") for number in range(1, count)]
    learning = [[], *([f"--data.targets={folder}"] for folder in folders)]
    alone = "--fit.iterations=1"
    runs = [(folder, [alone, *more]) for folder, more in zip(folders, learning, strict=False)]
    has_learned = (out / file).exists()
    return [*([] if has_learned else runs), (out, learning[-1])]


def _stages(last, out):
    """Lists the trainings of a method's stages, each from the weights of the one before."""
    folders = [out.with_name(f"{out.name}_stage_{number}") for number in range(1, last)]
    begin = [[], *([f"--fit.initial_weights={folder}"] for folder in folders)]
    runs = [
        (folder, [f"--method.stage={number}", *more])
        for number, (folder, more) in enumerate(zip(folders, begin, strict=False), start=1)
    ]
    return [*([] if RunFolder(out).is_complete() else runs), (out, begin[-1])]
