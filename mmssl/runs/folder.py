"""The run folder: its files, its format, who may write to it, and what a run was made with."""

import contextlib
import importlib.metadata
import json
import logging
import os
import platform
import shutil
import zipfile
from pathlib import Path

import keras
import yaml

from mmssl.encoders.parts.saved import check_archive
from mmssl.files import TEMPORARY_PREFIX, check_local, sweep
from mmssl.reading import check_regular, load_json, load_yaml
from mmssl.runs.checkpoint import LAST
from mmssl.runs.checksums import CHECKSUMS, check_files, damage, write_noted
from mmssl.runs.lock import Lock
from mmssl.runs.recipe import SECTIONS, check_sections, completed

TOWERS, SIMILARITY = "towers", "similarity.json"  # of a run of pairs: its sides, and of both
FORMAT = 1  # of the run folder; raised when an older one can no longer be read
_UNCOUNTED = "none: written by a version before formats were counted"
logger = logging.getLogger(__name__)


class RunFolder:
    """The paths of a run's files, its lock and its resolved recipe.

    Args:
        path: the folder; created by `claim`.
    """

    def __init__(self, path):
        check_local(path)
        self.path = Path(path)
        self.config = self.path / "config.yaml"
        self.environment = self.path / "environment.json"
        self.plan = self.path / "plan.json"
        self.history = self.path / "history.csv"
        self.not_finite = self.path / "not_finite.json"
        self.not_finite_batch = self.path / "not_finite.npz"
        self.logs = self.path / "logs"
        self.logger = self.path / "logger.json"
        self.checkpoint = self.path / "checkpoints" / LAST
        self.encoder = self.path / "encoder.keras"
        self.untrained = self.path / "untrained.keras"
        self.whitening = self.path / "whitening.npz"
        self.metrics = self.path / "metrics.json"
        self.report = self.path / "report.html"
        self.classifier = self.path / "classifier.keras"
        self.classes = self.path / "classes.txt"
        self.lock = Lock(self.path / ".lock")

    @contextlib.contextmanager
    def claim(self):
        """Creates the folder and locks it against other runs until the block ends.

        A folder created here is removed again if the block rejects its input, or is stopped, before
        training.

        Raises:
            ValueError: the folder cannot be written to, or another run is using it.
        """
        created = not self.path.exists()
        try:
            self.checkpoint.parent.mkdir(parents=True, exist_ok=True)
            check_regular(self.lock.path)
            open(self.lock.path, "a").close()  # whose time stays what it is
        except OSError as error:
            raise ValueError(f"{self.path} cannot be written to: {error.strerror}.") from None
        with self.lock.held():
            for place in (self.path, self.checkpoint.parent):
                sweep(place)
            try:
                yield
            except (ValueError, KeyboardInterrupt):
                if created and not self.untrained.exists():
                    shutil.rmtree(self.path)
                raise

    def keep_config(self, config, trust=()):
        """Writes the format and the resolved recipe, or checks that the folder holds the same one.

        Args:
            config: dict returned by `read_recipe`, with the name of the recipe.
            trust: see `read_recipe`.

        Raises:
            ValueError: the folder holds another run, a run of another format, or files that do
                not belong to a run.
        """
        plain = _plain(config)
        if self.config.exists():
            self._check()
            difference = self._difference(plain, trust)
            if difference:
                raise ValueError(
                    f"{self.path} holds another run: {difference}. Choose another --out, or delete "
                    "the folder yourself."
                )
            return
        own = {".lock", "checkpoints", CHECKSUMS}  # which a run writes before its recipe
        strangers = {entry.name for entry in self.path.iterdir()} - own
        strangers = {name for name in strangers if not name.startswith(TEMPORARY_PREFIX)}
        if strangers:
            raise ValueError(
                f"{self.path} is not empty and does not hold a run "
                f"({', '.join(sorted(strangers)[:3])}); choose another --out."
            )
        write_noted(self.config, yaml.safe_dump({"format": FORMAT, **plain}, sort_keys=False))

    def read_config(self):
        """Returns the resolved recipe, without the format, as the run's version wrote it.

        Raises:
            ValueError: the folder does not hold a run, one of another format, or a damaged one.
        """
        if not self.config.is_file():
            raise ValueError(f"{self.path} is not a run folder: it has no config.yaml.")
        config = None
        with contextlib.suppress(ValueError):
            config = load_yaml(self.config.read_text(encoding="utf-8"))
        if not isinstance(config, dict) or not isinstance(config.get("recipe"), str):
            raise ValueError(damage(self.config))
        self._check_format(config.pop("format", None))
        return config

    def read_sections(self):
        """Returns the resolved recipe, as `read_config` does, of a run that can be used.

        Raises:
            ValueError: see `read_config`; or a section is missing, or a file is damaged.
        """
        config = self.read_config()
        self._check()
        check_sections({name: config.get(name) for name in SECTIONS}, self.config)
        return config

    def complete_config(self, trust=()):
        """Returns the resolved recipe; what an earlier version did not write has its default.

        Args:
            trust: see `read_recipe`.

        Raises:
            ValueError: see `read_config` and `completed`.
        """
        try:
            return completed(self.read_sections(), trust, folder=self.path)
        except ValueError as error:
            raise ValueError(f"{self.config}: {error}") from None

    def read_plan(self):
        """Returns the steps of the run and of an epoch, a dict.

        Raises:
            ValueError: there is no plan.
        """
        if not self.plan.exists():
            raise ValueError(
                f"{self.plan} is missing: the same `mmssl pretrain` command writes it again."
            )
        plan = load_json(self.plan.read_text())
        if not isinstance(plan, dict) or type(plan.get("steps")) is not int:
            raise ValueError(damage(self.plan))
        return plan

    def is_complete(self):
        """Says whether training has ended and all that it writes is there, or cannot be had again.

        What is missing is written again from the checkpoint.
        """
        written = [self.encoder, self.untrained, self.plan]
        return self.encoder.exists() and (
            all(path.exists() for path in written) or not self.checkpoint.exists()
        )

    def _check(self):
        check_files(self.path)
        for path in (self.encoder, self.untrained):
            if path.exists():
                check_archive(path)
        is_tower = (self.path.parent / SIMILARITY).is_file()  # whose method is that of the pairs
        if self.encoder.exists() and not is_tower and not zipfile.is_zipfile(self.checkpoint):
            logger.warning(
                "%s is missing or damaged: the encoder can be used, the method cannot.",
                self.checkpoint,
            )

    def _difference(self, plain, trust):
        found = self.read_config()
        difference = _first_difference(found, plain)
        if difference and found["recipe"] == plain["recipe"]:
            difference = _first_difference(_plain(self.complete_config(trust)), plain)
        return difference

    def _check_format(self, found):
        if found == FORMAT:
            return
        newer = isinstance(found, int) and found > FORMAT
        remedy = "install a newer mmssl" if newer else "train it again in a new folder"
        raise ValueError(
            f"{self.path} has another run folder format "
            f"({_UNCOUNTED if found is None else repr(found)}) than this version of mmssl reads "
            f"({FORMAT}): {remedy}."
        )


def environment(seed, source):
    """Describes the environment of a run: versions, devices, seed and data.

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
        "backend": keras.backend.backend(),
        "devices": [device.name for device in tf.config.list_logical_devices()],
        "cores": os.cpu_count(),
        "seed": seed,
        "data": {"items": len(source), "fingerprint": source.fingerprint()},
    }


def _plain(config):
    """Returns a dict as it is read back from a file: with lists for tuples."""
    return json.loads(json.dumps(config))


def _first_difference(old, new, key=""):
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted(old.keys() | new.keys()):
            found = _first_difference(old.get(name), new.get(name), f"{key}.{name}".lstrip("."))
            if found:
                return found
        return None
    return None if old == new else f"{key.replace('.init_args', '')} is {old!r} there, not {new!r}"
