"""A small run folder that later versions must go on reading, and how it was made.

`python -m tests.runs.frozen` makes `tests/runs/format_1` anew: only together with a new format.
"""

import contextlib
import shutil
import tempfile
from pathlib import Path
from unittest import mock

from mmssl.training import loop
from mmssl.training.pretraining import pretrain
from tests.stopping import StoppedError, stop_after

FOLDER = Path(__file__).parent / "format_1"
RECIPE = "vision/moco"
STEPS, STOPPED = 6, 3
OVERRIDES = (
    "--data.batch_size=8",
    "--data.size=16",
    "--method.encoder.channels=[4,8]",
    "--method.encoder.strides=[2,2]",
    "--method.projector=[8]",
    "--method.queue_size=16",
    f"--fit.steps={STEPS}",
    "--fit.checkpoint_seconds=0",
    "--fit.monitor_examples=8",
)
UNNEEDED = (".lock", "logs")


def freeze():
    """Trains to the checkpoint in the middle, and keeps what a killed run would leave."""
    with tempfile.TemporaryDirectory() as parent:
        run = Path(parent) / "run"
        stopping = mock.patch.object(loop, "save_state", stop_after(STOPPED))
        with stopping, contextlib.suppress(StoppedError):
            pretrain(RECIPE, run, OVERRIDES, quiet=True)
        shutil.rmtree(FOLDER, ignore_errors=True)
        shutil.copytree(run, FOLDER, ignore=shutil.ignore_patterns(*UNNEEDED))


if __name__ == "__main__":
    freeze()
