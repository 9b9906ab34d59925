"""Training a recipe in a run folder: what one command or call does."""

import contextlib
import signal
import sys
from pathlib import Path

import keras

from mmssl.runs import Run, RunFolder
from mmssl.runs.checkpoint import read_position
from mmssl.runs.fit import Fit
from mmssl.runs.recipe import open_recipe
from mmssl.runs.tokens import give_tokenizer
from mmssl.stopping import StoppedError
from mmssl.training.determinism import determinism, is_deterministic
from mmssl.training.iterations import runs_in_order
from mmssl.training.loggers import check_logger
from mmssl.training.loop import Training
from mmssl.training.workers import Workers


def pretrain(recipe, out, overrides=(), quiet=False, data_changed="refuse", trust=(), callbacks=()):
    """Trains a recipe in a run folder, or resumes the run in that folder.

    If it is killed at any moment and called again with the same arguments, it ends with the same
    weights as an uninterrupted run. After Ctrl-C or SIGTERM it finishes the step and writes a
    checkpoint; once more stops it at once.

    Args:
        recipe: name of a recipe, or path of a YAML file.
        out: path of the run folder; created if missing.
        overrides: list of str such as `["--fit.steps=100"]`.
        quiet: print nothing.
        data_changed: "refuse" to resume on data that changed, or "accept" them; see
            `Pipeline.prepare`.
        trust: names of modules whose classes the recipe may name besides those of mmssl and Keras.
        callbacks: list of Keras callbacks; `on_epoch_end` has the step and figures of a period.

    Returns:
        Run.

    Raises:
        ValueError: wrong input, in one sentence, before training begins.
        KeyboardInterrupt: it was stopped; in words, from which step the same call goes on.
    """
    workers = Workers()  # before TensorFlow runs anything
    given, out = (quiet, data_changed, trust, callbacks, workers), Path(out)
    first = open_recipe(recipe, overrides, trust, out)
    runs = runs_in_order(first[0], out)
    for number, (folder, own) in enumerate(runs, start=1):
        if len(runs) > 1 and workers.is_chief and not quiet:
            print(f"training {number} of {len(runs)}: {folder}", file=sys.stderr)
        opened = open_recipe(recipe, [*overrides, *own], trust, folder) if own else first
        trained = _trained(recipe, folder, *opened, *given)
    return trained


def _trained(recipe, out, config, data, quiet, data_changed, trust, callbacks, workers):
    """Trains one iteration; see `pretrain`."""
    folder = RunFolder(out)
    give_tokenizer(data, trust)
    check_logger(config["fit"]["logger"])
    policy = keras.config.dtype_policy()
    try:
        with contextlib.ExitStack() as claim, determinism(is_deterministic(Fit(**config["fit"]))):
            recorded = {"recipe": str(recipe), **config}
            workers.chief_first(lambda: _begin(claim, folder, recorded, trust, workers))
            [complete] = workers.from_chief(folder.is_complete())
            if not complete:
                given = (quiet, data_changed, callbacks, workers, trust)
                Training(config, data, folder, *given).run()
            elif data_changed == "accept":  # for what is computed of them after the training
                data.prepare(folder.path, data_changed=data_changed)
    except KeyboardInterrupt as stopped:
        raise _stopped(folder, getattr(stopped, "number", signal.SIGINT)) from None
    finally:
        keras.config.set_dtype_policy(policy)
    return Run(folder.path, folder.read_config(), data, tuple(trust))


def _begin(claim, folder, config, trust, workers):
    """Lets the chief claim the folder; the others check that they see the same one."""
    if workers.is_chief:
        claim.enter_context(folder.claim())
    elif not folder.config.exists():
        raise ValueError(
            f"worker {workers.index} does not see {folder.config}, which the chief has written: "
            "--out must be on a disk that all workers share."
        )
    folder.keep_config(config, trust)


def _stopped(folder, number):
    """Says what of a run is kept, from what is on the disk."""
    if folder.checkpoint.exists():
        step = read_position(folder.checkpoint)["step"]
        words = f"stopped at step {step}; the same command goes on from there."
    else:
        words = "stopped before a step was kept: nothing is trained; the same command begins anew."
    return StoppedError(words, number)
