"""A run folder, opened for use."""

import contextlib
import functools
import logging
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mmssl.encoders import cut
from mmssl.encoders.parts.saved import read_model
from mmssl.encoders.parts.whitening import whitened
from mmssl.methods.bases import Pretrainer
from mmssl.pipelines.pipeline import Pipeline
from mmssl.runs.checkpoint import load_weights, read_position
from mmssl.runs.coders import open_coder
from mmssl.runs.folder import RunFolder
from mmssl.runs.kept import find_kept, sound
from mmssl.runs.recipe import build, completed, resolved
from mmssl.runs.tokens import give_tokenizer
from mmssl.runs.whitening import read_whitening

WHITEN = ("auto", "pca", "none")
logger = logging.getLogger(__name__)


@functools.cache
def _warn_once(sentence):
    logger.warning(sentence)


@dataclass
class Run:
    """A run folder, opened for use.

    Attributes:
        folder: pathlib.Path.
        config: dict, the resolved recipe.
        pipeline: Pipeline that the run was trained with; None to build it from `config`.
        trust: names of modules whose classes may be built besides those of mmssl and Keras.
        kept: step of the kept checkpoint that encoder and method are taken from; None for the last.
    """

    folder: Path
    config: dict
    pipeline: Pipeline | None = None
    trust: tuple[str, ...] = ()
    kept: int | None = None

    @classmethod
    def load(cls, folder, trust=(), step=None):
        """Opens a run folder; imports and calls nothing that its recipe names.

        Args:
            folder: path of the run folder.
            trust: names of modules whose classes may be built, once `data` or `method` needs them,
                besides those of mmssl and Keras.
            step: of a checkpoint that `fit.keep` has kept, to take encoder and method from it; None
                for the end of the run, or its last checkpoint.

        Raises:
            ValueError: it is not a run folder, or one of another format; or no checkpoint of the
                step is kept.
        """
        run = cls(Path(folder), RunFolder(folder).read_sections(), None, tuple(trust), step)
        if step is not None:
            run.checkpoint  # noqa: B018 - that it is not kept is said before any work
        return run

    @property
    def files(self):
        """RunFolder with the paths of the run's files."""
        return RunFolder(self.folder)

    @cached_property
    def checkpoint(self):
        """Path of the checkpoint that the method is taken from, which need not exist.

        Where the last one is damaged, it is the one before, and that is said.
        """
        last = self.files.checkpoint
        if self.kept is not None:
            return find_kept(last.parent, self.kept)
        return sound(last) if last.exists() else last

    @property
    def recipe(self):
        """Name of the recipe."""
        return self.config["recipe"]

    @property
    def layer(self):
        """Name of the block that is probed, embedded and exported; None for the whole encoder."""
        return (self.config.get("probe") or {}).get("layer")

    @cached_property
    def step(self):
        """Step of `kept`, or of the last checkpoint of a run that has not ended; else None."""
        if self.kept is not None:
            return self.kept
        files = self.files
        if files.encoder.exists() or not files.checkpoint.exists():
            return None
        return read_position(self.checkpoint)["step"]

    @cached_property
    def data(self):
        """The pipeline, with the state that it learned from the training data."""
        pipeline = self._built_data() if self.pipeline is None else self.pipeline
        pipeline.restore(self.folder)
        give_tokenizer(pipeline, self.trust, self.folder)
        return pipeline

    @cached_property
    def encoder(self):
        """The trained encoder; that of a checkpoint, if `step` is not None."""
        if self.step is None:
            return self._read(self.files.encoder)
        of = self.files.read_plan()["steps"]
        which = " has not ended: its" if self.kept is None else ": this"
        logger.warning("%s%s encoder is that of step %d of %d.", self.folder, which, self.step, of)
        return self.method().export_encoder()

    @cached_property
    def untrained(self):
        """The same encoder before its first step."""
        return self._read(self.files.untrained)

    def encoder_at(self, layer=None):
        """Returns the trained encoder, cut after a block.

        Args:
            layer: name of a block; None for the whole encoder.
        """
        return cut(self.encoder, layer) if layer else self.encoder

    def deployed_encoder(self, layer=None, whiten="auto"):
        """Returns the encoder that is embedded and exported: cut after a block, and whitened.

        Args:
            layer: name of a block; None for the whole encoder.
            whiten: "auto" whitens where the run decided to, "pca" also where it decided against it,
                "none" does not.

        Raises:
            ValueError: `whiten` is "pca" and there is no whitening of this embedding, or it is
                something else than these three.
        """
        if whiten not in WHITEN:
            raise ValueError(f"whiten={whiten!r} must be one of {', '.join(WHITEN)}.")
        plain = self.encoder_at(layer)
        if whiten == "none":
            return plain
        whitening, why_not = self.whitening_at(layer)
        if whitening is not None and (whiten == "pca" or self._whitening[1].used):
            return whitened(plain, whitening)
        if whiten == "pca":
            raise ValueError(f"{self.folder}: vectors cannot be whitened: {why_not}.")
        if whitening is None and self.asks_to_whiten:
            _warn_once(f"{self.folder}: vectors are not whitened: {why_not}.")
        return plain

    @property
    def asks_to_whiten(self):
        """Whether the recipe asks for a whitening; one of a version without it does not."""
        return (self.config.get("probe") or {}).get("whiten", "none") != "none"

    def whitening_at(self, layer=None):
        """Returns the whitening that belongs to an embedding, whether the run uses it or not.

        Args:
            layer: block whose embedding it is; None for that of the whole encoder.

        Returns:
            pair of a Whitening and None, or of None and, in words, why there is none.
        """
        if self.step is not None:
            return None, f"a run is whitened at its end, and this encoder is of step {self.step}"
        kept = self._whitening
        if kept is None:
            return None, self._without()
        whitening, about = kept
        if about.layer != layer:
            of, not_of = (name or "the whole encoder" for name in (about.layer, layer))
            return None, f"the run is whitened at {of}, not at {not_of}"
        return whitening, about.why if whitening is None else None

    def about_whitening(self, layer=None):
        """Returns the About of the whitening of an embedding, or None; see `whitening_at`."""
        return None if self.whitening_at(layer)[0] is None else self._whitening[1]

    @property
    def _whitening(self):
        """Pair of the Whitening, which may be None, and its About; None without the file."""
        path = self.files.whitening
        return read_whitening(path) if path.exists() else None

    def _without(self):
        if not self.asks_to_whiten:
            return "its recipe has no probe.whiten, or none"
        return (
            f"it has no {self.files.whitening.name}; the same `mmssl pretrain` command writes it, "
            "in Python mmssl.training.finish"
        )

    def coder(self, name):
        """Opens one of the networks of codes in the folder; see `mmssl.runs.coders.open_coder`."""
        return open_coder(self.folder, name)

    def place(self, name):
        """Returns where a product of the encoder is written in the folder.

        Args:
            name: str, such as `"encoder.tflite"`; of a kept checkpoint, its step is added, so that
                what was made of the end stays.
        """
        path = self.folder / name
        return path if self.kept is None else path.with_stem(f"{path.stem}_step_{self.kept}")

    def _built_data(self):
        with self._naming_config():
            return build(resolved(self.config, "data", self.trust))

    @contextlib.contextmanager
    def _naming_config(self):
        try:
            yield
        except ValueError as error:
            raise ValueError(f"{self.files.config}: {error}") from None

    def _read(self, path):
        if not path.exists():
            raise ValueError(
                f"{self.folder} has no {path.name}: the same `mmssl pretrain` command goes on, and "
                "writes it."
            )
        return read_model(path)

    def method(self, *kinds):
        """Builds the method with the weights of `checkpoint`.

        Args:
            *kinds: classes, one of which it must be an instance of; any Pretrainer if none.

        Returns:
            Pretrainer, not compiled.

        Raises:
            ValueError: it is an instance of another class, or of one that is not trusted.
        """
        with self._naming_config():
            method = build(completed(self.config, self.trust, self.data)["method"])
        if not isinstance(method, kinds or Pretrainer):
            named = " or ".join(kind.__name__ for kind in kinds or (Pretrainer,))
            raise ValueError(
                f"{self.folder} was trained by {type(method).__name__}, not by {named}."
            )
        load_weights(self.checkpoint, method)
        method.set_total_steps(self.files.read_plan()["steps"])
        method.finalize()
        return method
