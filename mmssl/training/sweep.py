"""Runs of one recipe over the product of some settings and seeds, one after the other."""

import itertools
import re
from pathlib import Path

import keras
import yaml

from mmssl.runs import read_recipe
from mmssl.training.finish import finish
from mmssl.training.pretraining import pretrain


def plan_sweep(settings, seeds, out):
    """Lists the runs of a sweep.

    Args:
        settings: dict from a dotted key to a list of values, such as
            `{"method.temperature": [0.1, 0.5]}`.
        seeds: number of seeds, 0 and on, 1 or more.
        out: folder for the run folders.

    Returns:
        list of pairs: pathlib.Path of the run folder, and list of str, its overrides.

    Raises:
        ValueError: there are no seeds, a key has no values or fit.seed is one, or two runs would
            have the same folder.
    """
    if seeds < 1:
        raise ValueError(f"seeds={seeds} must be 1 or more.")
    for key, values in settings.items():
        if not values or key == "fit.seed":
            raise ValueError(f"{key} needs values; those of fit.seed are counted by seeds.")
    planned = {}
    for values in itertools.product(*settings.values()):
        pairs = list(zip(settings, values, strict=True))
        for seed in range(seeds):
            folder = Path(out) / _name([*pairs, ("fit.seed", seed)])
            if folder in planned:
                raise ValueError(f"Two runs of the sweep would have the folder {folder}.")
            planned[folder] = [*map(_override, pairs), f"--fit.seed={seed}"]
    return list(planned.items())


def sweep(recipe, settings, out, overrides=(), seeds=1, quiet=False, trust=(), tell=print):
    """Pretrains a recipe with every combination of some settings, and each with every seed.

    What has been trained is not trained again, so that a sweep that was stopped, or that has more
    values than before, goes on where it was. A run that fails does not end the others.

    Args:
        recipe: see `pretrain`.
        settings, seeds, out: see `plan_sweep`.
        overrides: see `pretrain`, of every run.
        quiet: see `pretrain`.
        trust: see `pretrain`.
        tell: function of a str, called before each run and for one that failed.

    Returns:
        pair of the list of Run that ended, and a dict from the folder of each other to why.

    Raises:
        ValueError: see `plan_sweep` and `read_recipe`; before anything is trained.
        KeyboardInterrupt: see `pretrain`.
    """
    planned = plan_sweep(settings, seeds, out)
    for _, own in planned:
        read_recipe(recipe, [*overrides, *own], trust)
    ended, failed = [], {}
    for number, (folder, own) in enumerate(planned, 1):
        tell(f"run {number} of {len(planned)}: {folder}")
        keras.utils.clear_session(free_memory=True)
        try:
            run = pretrain(recipe, folder, [*overrides, *own], quiet, trust=trust)
        except ValueError as error:
            failed[folder] = str(error)
            tell(f"not trained: {error}")
            continue
        if not run.files.report.exists():
            finish(run, quiet)
        ended.append(run)
    return ended, failed


def _override(pair):
    key, value = pair
    text = yaml.safe_dump(value, default_flow_style=True, width=float("inf"))
    return f"--{key}={text.splitlines()[0]}"


def _name(pairs):
    shown = ",".join(f"{key.rpartition('.')[2]}={value}" for key, value in pairs)
    return re.sub(r"[^\w.,=+-]+", "_", shown)
