"""Working through many cases in one process of its own, with a result or an error of each."""

import os
import subprocess
import sys
import traceback
from pathlib import Path


def selected(request):
    """Names of the cases that this session runs the requesting test file on."""
    items = [item for item in request.session.items if item.path == request.path]
    return list(dict.fromkeys(item.callspec.params["name"] for item in items))


def start(module, folder, names, **environment):
    """Lets a module work through cases, with environment variables of its own."""
    folder.mkdir(parents=True)
    done = subprocess.run(
        [sys.executable, "-m", module, str(folder), *names],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    (folder / "stderr.txt").write_text(done.stderr)


def result(folder, name, suffix):
    """Path of what the process made of a case; fails with its error where it made nothing."""
    error, made = folder / f"{name}.error", folder / f"{name}{suffix}"
    assert not error.exists(), error.read_text()
    assert made.exists(), f"the process ended before {name}: " + _end(folder / "stderr.txt")
    return made


def work_through(work):
    """In the process: works on every case it was started with; an error ends only its case.

    Args:
        work: function (name, folder).
    """
    import keras

    folder, *names = sys.argv[1:]
    for name in names:
        try:
            work(name, Path(folder))
        except Exception:
            (Path(folder) / f"{name}.error").write_text(traceback.format_exc())
        keras.config.set_dtype_policy("float32")
        keras.backend.clear_session()


def _end(path):
    return path.read_text()[-2000:]
