"""Monitoring a run for collapse."""

import warnings

import keras
import numpy as np

from mmssl.evaluation.collapse.diagnostics import alignment, diagnose, lidar
from mmssl.evaluation.collapse.signs import collapse_signs, projection_signs
from mmssl.evaluation.probes.features import Embedder


class CollapseWarning(UserWarning):
    """The embeddings of a run are collapsing."""


class CollapseMonitor(keras.callbacks.Callback):
    """Embeds a fixed sample after every epoch and warns when the embeddings collapse.

    A single poor check means little: many networks pass through a narrow cone before they learn
    their first strong directions. So it warns only when the same metric stays poor.

    Adds the metrics of `diagnose`, with pairs `alignment` and `lidar`, and `collapse_signs`, the
    number of signs that persist, to the epoch's logs, so that later callbacks (CSVLogger,
    TensorBoard) see them. Embeds with `self.model.export_encoder()` and, if it is not None,
    `self.model.projection_model()`, whose metrics are named `projection_std_ratio` and so on; if
    `self.model.norm_sensitive`, also `projection_std`, the standard deviation averaged over
    dimensions.

    Args:
        examples: iterable of dicts of encoder inputs, the same in each pass; a collapse shows on
            training items as well as on others. Checks of any number of examples can be compared
            with each other. With few examples RankMe itself is too low: for a uniform spread it is
            0.97 of D with 4 times as many examples as dimensions, 0.93 with twice as many, 0.80
            with equally many.
        every: epochs between two checks, at least 1.
        patience: consecutive checks with the same finding before it warns, at least 1.
        stop: whether to also set `model.stop_training`.
        pairs: None, or examples in which every two consecutive ones are views of one item, for
            alignment and LiDAR, which is at most one below their number.
        tell: function (str) that is given a warning; None for a `CollapseWarning`.
        untrained: None, or the encoder before training, for a run that resumes from a checkpoint;
            by default, later checks are compared with the encoder at the start of `fit`.
        history: rows of the history of an interrupted training, dicts from column to str; its
            checks count like later ones, as if it had never been interrupted.

    Attributes:
        reason: str, why training was stopped; None if it was not.
    """

    def __init__(
        self,
        examples,
        every=1,
        patience=2,
        stop=False,
        pairs=None,
        tell=None,
        untrained=None,
        history=(),
    ):
        super().__init__()
        for name, value in {"every": every, "patience": patience}.items():
            if value < 1:
                raise ValueError(f"CollapseMonitor({name}={value}) must be 1 or more.")
        self.examples, self.pairs, self.untrained = examples, pairs, untrained
        self.every, self.patience, self.stop, self.history = every, patience, stop, history
        self.tell = tell or _warn
        self.reason = None
        self._forget()

    def _forget(self):
        self._ended, self._found, self._looks, self._projected = 0, {}, [], []

    def on_train_begin(self, logs=None):
        self._embedder = Embedder(self.model.export_encoder())
        projection = self.model.projection_model()
        self._projector = None if projection is None else Embedder(projection)
        start = self._embedder if self.untrained is None else Embedder(self.untrained)
        embeddings = start(self.examples)["embedding"]
        self._shape, self._start = embeddings.shape, diagnose(embeddings)
        self._forget()
        for row in self.history:
            if self._is_due():
                metrics = {name: float(value) for name, value in row.items() if value != ""}
                self._count(self._signs(metrics))

    def on_epoch_end(self, epoch, logs=None):
        if not self._is_due():
            return
        metrics = self._check()
        lasting = self._report(self._signs(metrics))
        if logs is not None:
            logs.update(metrics, collapse_signs=lasting)

    def _is_due(self):
        self._ended += 1
        return (self._ended - 1) % self.every == 0

    def _check(self):
        found = self._metrics(self._embedder)
        if self._projector is not None:
            metrics = self._metrics(self._projector, self.model.norm_sensitive)
            found |= {_projected(name): value for name, value in metrics.items()}
        return found

    def _metrics(self, embedder, norm_sensitive=False):
        """Diagnoses the output of a network; there are no metrics if it is not finite."""
        embeddings = embedder(self.examples)["embedding"]
        views = embeddings if self.pairs is None else embedder(self.pairs)["embedding"]
        if not (np.isfinite(embeddings).all() and np.isfinite(views).all()):
            return {}
        metrics = diagnose(embeddings)
        if norm_sensitive:
            metrics["std"] = float(embeddings.std(axis=0).mean())
        if self.pairs is not None:
            metrics["alignment"] = alignment(views[::2], views[1::2])
            metrics["lidar"] = lidar(views.reshape(-1, 2, views.shape[1]))
        return metrics

    def _signs(self, metrics):
        """Returns the signs of collapse in the metrics of a check, named as in the history."""
        if "rankme" in metrics:
            signs = collapse_signs(metrics, self._shape, self._start, self._looks)
            self._looks.append(metrics)
        else:
            signs = {"finite": "they contain NaN or infinity: the training has diverged"}
        names = [n for n in (*self._start, "std") if _projected(n) in metrics]
        if names:
            projected = {name: metrics[_projected(name)] for name in names}
            signs |= projection_signs(projected, self._projected)
            self._projected.append(projected)
        return signs

    def _count(self, signs):
        """Counts the consecutive checks with each sign; returns the signs that persist."""
        self._found = {sign: self._found.get(sign, 0) + 1 for sign in signs}
        return [sign for sign, checks in self._found.items() if checks >= self.patience]

    def _report(self, signs):
        """Counts signs, warns of those that persist, and returns their number."""
        persistent = self._count(signs)
        if not persistent:
            return 0
        text = f"The embeddings are collapsing: {'; '.join(signs[sign] for sign in persistent)}."
        if self.stop:
            self.reason = f"{text} Training stops after {self.patience} such checks in a row."
            self.model.stop_training = True
        if self.reason or any(self._found[sign] == self.patience for sign in persistent):
            self.tell(self.reason or text)
        return len(persistent)


def _warn(text):
    # The line that would be shown is one of Keras, which calls back: no help to the reader.
    warnings.warn_explicit(text, CollapseWarning, "mmssl", 0)


def _projected(name):
    """Name in the history of a metric of the projections."""
    return f"projection_{name.removeprefix('embedding_')}"
