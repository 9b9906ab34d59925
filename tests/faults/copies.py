"""A copy of the tree to put faults into, and tests that run on it alone."""

import compileall
import contextlib
import importlib
import io
import multiprocessing
import os
import re
import shutil
import signal
import sys
from pathlib import Path
from py_compile import PycInvalidationMode

ROOT = Path(__file__).parents[2]
# Packages that lie beside `mmssl` and are imported below it: see package-dir in pyproject.toml.
BESIDE = ("pipelines", "configs")
# What takes seconds to import and holds no fault; read once, before the tests are forked off.
HEAVY = ("keras", "keras_hub", "pytest", "scipy.special", "sklearn.linear_model", "tensorflow")
FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+?::.*?)(?: - .*)?$", re.MULTILINE)


def make_copy(folder):
    """Copies the code, its recipes and its tests, laid out as they are imported.

    Args:
        folder: where to; made.
    """
    passing_over = shutil.ignore_patterns("__pycache__")
    for name in ("mmssl", "tests", "docs"):
        shutil.copytree(ROOT / name, folder / name, ignore=passing_over)
    for name in BESIDE:
        shutil.copytree(ROOT / name, folder / "mmssl" / name, ignore=passing_over)
    shutil.copy(ROOT / "pyproject.toml", folder)
    # By their hash: a fault may leave a file's size and second of change as they were.
    with contextlib.redirect_stdout(io.StringIO()):
        compileall.compile_dir(folder, quiet=1, invalidation_mode=PycInvalidationMode.CHECKED_HASH)


def place_in(folder, file):
    """Returns where a file of the repository lies in a copy."""
    beside = Path(file).parts[0] in BESIDE
    return folder / "mmssl" / file if beside else folder / file


def read_heavy_modules():
    """Imports what every test needs, so that each of many processes need not."""
    os.environ.update(CUDA_VISIBLE_DEVICES="", TF_CPP_MIN_LOG_LEVEL="3", KERAS_BACKEND="tensorflow")
    os.environ.update(MPLBACKEND="Agg", PYTHONDONTWRITEBYTECODE="1")
    for name in HEAVY:
        importlib.import_module(name)


def run_tests(folder, arguments, seconds):
    """Runs tests on the code of a copy, in a process of their own.

    Args:
        folder: the copy.
        arguments: list of pytest's.
        seconds: after which the tests are stopped.

    Returns:
        Pair of pytest's exit code, None where time was up, and the list of tests that failed.
    """
    log = folder / "log.txt"
    process = multiprocessing.get_context("fork").Process(
        target=_pytest, args=(folder, arguments, log)
    )
    process.start()
    process.join(seconds)
    if process.is_alive():
        os.killpg(process.pid, signal.SIGKILL)
        process.join()
        return None, []
    return process.exitcode, FAILED.findall(log.read_text(errors="replace"))


def _pytest(folder, arguments, log):
    os.setpgrp()  # so that what the tests start ends with them
    with open(log, "wb") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    os.chdir(folder)
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(folder))
    os.environ["PYTHONPATH"] = str(folder)  # for what the tests start
    for name in [name for name in sys.modules if name.split(".")[0] == "tests"]:
        del sys.modules[name]  # those of the tree, by which this runs
    _check_origin(folder)
    sys.exit(int(sys.modules["pytest"].main(arguments)))


def _check_origin(folder):
    """Ends the process unless the copy is what is imported, not the tree or what is installed."""
    for name in ("mmssl", "tests", *(f"mmssl.{name}" for name in BESIDE)):
        found = importlib.import_module(name).__path__[0]
        if not Path(found).resolve().is_relative_to(folder.resolve()):
            raise SystemExit(f"{name} is imported from {found}, not from {folder}.")
