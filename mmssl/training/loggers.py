"""MLflow and Weights & Biases, by their own Keras callbacks, for a run that may go on later."""

import contextlib
import json

from mmssl.deploy.extras import require
from mmssl.runs.checksums import write_noted


def check_logger(name):
    """Checks that the package of a logger is installed.

    Args:
        name: "mlflow", "wandb", or None for no logger.

    Raises:
        ImportError: it is not; the message says how to install it.
    """
    if name is not None:
        require(name, name)


@contextlib.contextmanager
def logger(name, folder, quiet=False):
    """Begins a run of a logger, or goes on with the one that it began for the same run folder.

    Where it logs to is set as its own users do: by MLFLOW_TRACKING_URI and MLFLOW_EXPERIMENT_NAME,
    or WANDB_PROJECT and WANDB_MODE.

    Args:
        name: "mlflow", "wandb", or None for no logger.
        folder: RunFolder, which keeps the id of the logger's run.
        quiet: print nothing.

    Yields:
        List of keras.callbacks.Callback, empty without a logger.

    Raises:
        ValueError: the logger does not know the run that the folder names, or has begun another.
    """
    if name is None:
        yield []
        return
    known = json.loads(folder.logger.read_text()) if folder.logger.exists() else {}
    with {"mlflow": _mlflow, "wandb": _wandb}[name](folder, known.get(name), quiet) as begun:
        id, callback = begun
        write_noted(folder.logger, json.dumps({**known, name: id}))
        yield [callback]


@contextlib.contextmanager
def _mlflow(folder, known, quiet):
    import mlflow
    from mlflow.keras import MlflowCallback

    try:
        run = mlflow.start_run(run_id=known, run_name=folder.path.name)
    except Exception as error:
        reason = " ".join(str(error).split())
        raise ValueError(
            f"MLflow cannot begin its run, or go on with the one in {folder.logger}: {reason}; set "
            "MLFLOW_TRACKING_URI to where it is, or delete that file for a new one."
        ) from None
    with run:
        mlflow.log_dict(folder.read_config(), "config.yaml")
        yield run.info.run_id, MlflowCallback()


@contextlib.contextmanager
def _wandb(folder, known, quiet):
    import wandb
    from wandb.integration.keras import WandbMetricsLogger

    folder.logs.mkdir(exist_ok=True)
    run = wandb.init(
        id=known,
        resume="allow",
        name=folder.path.name,
        dir=str(folder.logs),
        config=folder.read_config(),
        settings=wandb.Settings(silent=quiet),
    )
    failed = 1
    try:  # not `with run`, which prints the traceback of a run that is stopped
        yield run.id, WandbMetricsLogger()
        failed = 0
    finally:
        run.finish(exit_code=failed)
