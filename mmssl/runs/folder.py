"""The run folder: what lies where, who may write, and what it was made with."""

import contextlib
import fcntl
import importlib.metadata
import json
import os
import platform
import shutil
from pathlib import Path

import yaml

from mmssl.files import BESIDE, write_text


class RunFolder:
    """Paths of a run's files, and writing them whole.

    Args:
        path: the folder; made by `claim`.
    """

    def __init__(self, path):
        self.path = Path(path)
        self.config = self.path / "config.yaml"
        self.environment = self.path / "environment.json"
        self.plan = self.path / "plan.json"
        self.history = self.path / "history.csv"
        self.logs = self.path / "logs"
        self.checkpoint = self.path / "checkpoints" / "last.npz"
        self.encoder = self.path / "encoder.keras"
        self.untrained = self.path / "untrained.keras"
        self.metrics = self.path / "metrics.json"
        self.report = self.path / "report.html"
        self.classifier = self.path / "classifier.keras"
        self.classes = self.path / "classes.txt"

    @contextlib.contextmanager
    def claim(self):
        """Makes the folder and keeps other runs out of it until the block ends.

        A folder made here is taken away again where the block refuses its input before training.

        Raises:
            ValueError: the folder cannot be written, or another run is at work in it.
        """
        made = not self.path.exists()
        try:
            self.checkpoint.parent.mkdir(parents=True, exist_ok=True)
            lock = open(self.path / ".lock", "w")  # noqa: SIM115 - held for the whole block
        except OSError as error:
            raise ValueError(f"{self.path} cannot be written: {error.strerror}.") from None
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise ValueError(
                    f"Another run is at work in {self.path}; wait for it or give another folder."
                ) from None
            self._sweep()
            try:
                yield
            except ValueError:
                if made and not self.untrained.exists():
                    shutil.rmtree(self.path)
                raise

    def _sweep(self):
        """Removes checkpoints that a killed run had begun; they are as large as the model."""
        for begun in self.checkpoint.parent.glob(f"{BESIDE}*"):
            shutil.rmtree(begun)

    def keep_config(self, config):
        """Writes the resolved recipe, or checks that the folder belongs to the same one.

        Args:
            config: dict, of `read_recipe`.

        Raises:
            ValueError: the folder holds another run, or files that are no run.
        """
        plain = json.loads(json.dumps(config))
        if self.config.exists():
            difference = _first_difference(yaml.safe_load(self.config.read_text()), plain)
            if difference:
                raise ValueError(
                    f"{self.path} holds another run: {difference}. Give another --out, or delete "
                    "the folder yourself."
                )
            return
        strangers = {entry.name for entry in self.path.iterdir()} - {".lock", "checkpoints"}
        strangers = {name for name in strangers if not name.startswith(BESIDE)}
        if strangers:
            raise ValueError(
                f"{self.path} is not empty and holds no run ({', '.join(sorted(strangers)[:3])}); "
                "give another --out."
            )
        write_text(self.config, yaml.safe_dump(plain, sort_keys=False))

    def read_config(self):
        """Returns the resolved recipe.

        Raises:
            ValueError: the folder holds no run.
        """
        if not self.config.is_file():
            raise ValueError(f"{self.path} is no run folder: it has no config.yaml.")
        return yaml.safe_load(self.config.read_text())


def environment(seed, source):
    """Says what a run was made with.

    Args:
        seed: int.
        source: mmssl.pipelines.sources.Source.

    Returns:
        dict of JSON values.
    """
    import tensorflow as tf

    names = ("mmssl", "keras", "tensorflow", "keras-hub", "tensorflow-io", "numpy", "librosa")
    return {
        "versions": {
            "python": platform.python_version(),
            **{name: importlib.metadata.version(name) for name in names},
        },
        "platform": platform.platform(),
        "devices": [device.name for device in tf.config.list_logical_devices()],
        "cores": os.cpu_count(),
        "seed": seed,
        "data": {"items": len(source), "fingerprint": source.fingerprint()},
    }


def _first_difference(old, new, key=""):
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted(old.keys() | new.keys()):
            found = _first_difference(old.get(name), new.get(name), f"{key}.{name}".lstrip("."))
            if found:
                return found
        return None
    return None if old == new else f"{key.replace('.init_args', '')} is {old!r} there, not {new!r}"
