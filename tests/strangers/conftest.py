"""No file of a stranger may keep a reader waiting."""

import shutil
import signal

import pytest

from tests.runs.frozen import FOLDER

_SECONDS = 60


@pytest.fixture(autouse=True)
def _in_time():
    """Ends a test that waits for a FIFO, or reads a device to its end."""

    def stop(*_):
        raise TimeoutError("it reads without end")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(_SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def run_folder(tmp_path):
    """A run folder that has ended, with an encoder."""
    folder = shutil.copytree(FOLDER, tmp_path / "run")
    shutil.copy(folder / "untrained.keras", folder / "encoder.keras")
    return folder
