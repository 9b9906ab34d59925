"""The runs under a folder at a glance, read from their small files, without TensorFlow."""

import csv
import fcntl
import json
import os
import time
from pathlib import Path

from mmssl.reading import check_regular, load_arrays, load_json, load_yaml

CLAIMED_SECONDS = 60  # after a sign of life of a run on another machine, see mmssl.runs.lock


def find_runs(folder):
    """Finds the run folders in a folder, at any depth.

    Args:
        folder: path; it may be a run folder itself. Hidden folders, links to folders and what lies
            inside of a run are not looked at.

    Returns:
        list of pathlib.Path, sorted.

    Raises:
        ValueError: there is no such folder, or no run in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"There is no folder {folder}.")
    found, waiting = [], [folder]
    while waiting:
        place = waiting.pop()
        if _is_run(place):
            found.append(place)
            continue
        inside = [entry for entry in place.iterdir() if entry.is_dir() and not entry.is_symlink()]
        waiting += [entry for entry in inside if not entry.name.startswith(".")]
    if not found:
        raise ValueError(f"There is no run folder in {folder}: `mmssl pretrain` makes one.")
    return sorted(found)


def _is_run(folder):
    kept = (folder / "checkpoints").is_dir() or (folder / "encoder.keras").is_file()
    return (folder / "config.yaml").is_file() and kept


def overview(folder, now=None):
    """Summarizes a run.

    Args:
        folder: pathlib.Path of a run folder.
        now: time in seconds since 1970; None for the present.

    Returns:
        dict of JSON values: `folder`, `recipe`, `data`, `state` (running, ended, stopped, or
        damaged, with the file), `step`, `steps` (None before they are planned), `probe` (the last
        result, of the run's end if there is one: `label`, `encoder` and `untrained`, accuracies by
        probe; None if there is none) and `age`, seconds since the last checkpoint or row of the
        history.
    """
    row = {"folder": str(folder), "recipe": None, "data": None, "state": None}
    row |= {"step": 0, "steps": None, "probe": None, "age": _age(folder, now or time.time())}
    for name, read in READERS.items():
        path = folder / name
        try:
            check_regular(path)
            row |= read(path) if path.exists() else {}
        except (ValueError, LookupError, TypeError, AttributeError, OSError, csv.Error):
            return row | {"state": f"damaged: {name}"}
    ended = (folder / "encoder.keras").exists()
    row["state"] = "running" if _is_claimed(folder) else "ended" if ended else "stopped"
    return row


def _recipe(path):
    config = load_yaml(path.read_text(encoding="utf-8"))
    source = config["data"].get("init_args", {}).get("source")
    return {"recipe": config["recipe"], "data": source}


def _steps(path):
    return {"steps": load_json(path.read_text(encoding="utf-8"))["steps"]}


def _step(path):
    position = load_arrays(path, lambda names: ["position"])["position"]
    return {"step": load_json(str(position))["step"]}


def _last_row(path):
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {"step": int(rows[-1]["step"])} if rows else {}


def _probe(path):
    results = load_json(path.read_text(encoding="utf-8")).get("probes", [])
    probed = [result for result in results if "encoder" in result]
    if not probed:
        return {}
    last = ([result for result in probed if result.get("step") is None] or probed)[-1]
    accuracies = {name: _accuracies(last, name) for name in ("encoder", "untrained")}
    return {"probe": {"label": last["data"].get("label_column"), **accuracies}}


def _accuracies(result, name):
    return {probe: result[name][probe] for probe in result["probes"] if probe in result[name]}


READERS = {  # the checkpoint after the history: of a run that was stopped it is the later one
    "config.yaml": _recipe,
    "plan.json": _steps,
    "history.csv": _last_row,
    "checkpoints/last.npz": _step,
    "metrics.json": _probe,
}


def _age(folder, now):
    paths = [folder / name for name in ("config.yaml", "history.csv", "checkpoints/last.npz")]
    return max(0.0, now - max((p.stat().st_mtime for p in paths if p.exists()), default=now))


def _is_claimed(folder):
    """Says whether a process holds the lock of the run."""
    if not (folder / ".lock").is_file():  # a copy need not have it
        return False
    try:
        with open(folder / ".lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return _is_claimed_elsewhere(lock)
    except BlockingIOError:
        return True


def _is_claimed_elsewhere(lock):
    """Says whether a process of another machine has lately given a sign of life."""
    age = time.time() - os.fstat(lock.fileno()).st_mtime
    try:
        return age < CLAIMED_SECONDS and json.load(lock)["host"] != os.uname().nodename
    except (ValueError, KeyError, TypeError):  # nobody's
        return False
