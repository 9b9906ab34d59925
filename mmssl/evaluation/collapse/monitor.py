"""Watching a run for collapse."""

import warnings

import keras
import numpy as np

from mmssl.evaluation.collapse.diagnostics import alignment, diagnose
from mmssl.evaluation.probes.features import Embedder

# Suggested in the literature on these figures, not laws: see `collapse_signs`.
LOW_STD_RATIO, LOW_RANK_RATIO, HIGH_COSINE = 0.5, 0.1, 0.95
# Below these no start excuses.
DEAD_STD_RATIO, DEAD_RANK, DEAD_COSINE = 0.01, 1.5, 0.9999
# Of the highest that projections had before: sound methods keep half of their rank or more.
LOST_RATIO = 0.4
LOSABLE = {"rankme": "effective rank", "deviation": "deviation"}
# More of the variance of projections along one direction than an untrained network has (0.56).
HIGH_TOP_VARIANCE_RATIO = 0.6


class CollapseWarning(UserWarning):
    """The embeddings of a run are collapsing."""


class CollapseMonitor(keras.callbacks.Callback):
    """Embeds a fixed sample after every epoch and warns when the embeddings collapse.

    A single poor look means little: many networks pass through a narrow cone on the way to their
    first strong directions. So it warns when one and the same figure stays poor.

    Adds the figures of `diagnose` and, with pairs, `alignment` to the epoch's logs, so callbacks
    after it (CSVLogger, TensorBoard) see them. Reads `self.model.export_encoder()`, and
    `self.model.projection_model()` where there is such, whose figures are called
    `projection_std_ratio` and so on, with `projection_std`, the mean deviation of their
    dimensions, where `self.model.norm_sensitive`.

    Args:
        examples: iterable of dicts of encoder inputs, the same at each pass; a collapse shows on
            items that are trained on as on others. Looks at any number compare with each other.
            RankMe itself comes out too low with few: of an even spread 0.97 with 4 times as many
            examples as dimensions, 0.93 with twice, 0.80 with just as many.
        every: epochs between two looks, at least 1.
        patience: looks in a row that find the same before it warns, at least 1.
        stop: whether to set `model.stop_training` then.
        pairs: None, or examples of which every two in a row are views of one item, for alignment.
        untrained: None, or the encoder before training, for a run that goes on from a checkpoint;
            otherwise the encoder at the start of `fit` is what later looks are compared with.
        before: rows of the history that an interrupted training wrote, dicts from column to str;
            its looks count like those to come, so that it goes on as if never interrupted.

    Attributes:
        reason: str, why training was stopped; None while it was not.
    """

    def __init__(
        self, examples, every=1, patience=2, stop=False, pairs=None, untrained=None, before=()
    ):
        super().__init__()
        for name, value in {"every": every, "patience": patience}.items():
            if value < 1:
                raise ValueError(f"CollapseMonitor({name}={value}) must be 1 or more.")
        self.examples, self.pairs, self.untrained = examples, pairs, untrained
        self.every, self.patience, self.stop, self.before = every, patience, stop, before
        self.reason = None
        self._forget()

    def _forget(self):
        self._ended, self._found, self._projected = 0, {}, []

    def on_train_begin(self, logs=None):
        self._embedder = Embedder(self.model.export_encoder())
        compared = self.model.projection_model()
        self._projector = None if compared is None else Embedder(compared)
        start = self._embedder if self.untrained is None else Embedder(self.untrained)
        embeddings = start(self.examples)["embedding"]
        self._shape, self._start = embeddings.shape, diagnose(embeddings)
        self._forget()
        for row in self.before:
            if self._is_due():
                figures = {name: float(value) for name, value in row.items() if value != ""}
                self._count(self._signs(figures))

    def on_epoch_end(self, epoch, logs=None):
        if not self._is_due():
            return
        figures = self._look()
        if logs is not None:
            logs.update(figures)
        self._weigh(self._signs(figures))

    def _is_due(self):
        self._ended += 1
        return (self._ended - 1) % self.every == 0

    def _look(self):
        found = self._figures(self._embedder)
        if self._projector is not None:
            figures = self._figures(self._projector, self.model.norm_sensitive)
            found |= {_projected(name): value for name, value in figures.items()}
        return found

    def _figures(self, embedder, lengths=False):
        """Measures what a network gives; what is not finite has no figures."""
        given = embedder(self.examples)["embedding"]
        views = given if self.pairs is None else embedder(self.pairs)["embedding"]
        if not (np.isfinite(given).all() and np.isfinite(views).all()):
            return {}
        figures = diagnose(given)
        if lengths:
            figures["deviation"] = float(given.std(axis=0).mean())
        if self.pairs is not None:
            figures["alignment"] = alignment(views[::2], views[1::2])
        return figures

    def _signs(self, figures):
        """Tells what looks collapsed of the figures of a look, as the history has them."""
        if "rankme" in figures:
            signs = collapse_signs(figures, self._shape, self._start)
        else:
            signs = {"finite": "they hold NaN or infinity: the training has diverged"}
        names = [n for n in (*self._start, "deviation") if _projected(n) in figures]
        if names:
            projected = {name: figures[_projected(name)] for name in names}
            signs |= projection_signs(projected, self._projected)
            self._projected.append(projected)
        return signs

    def _count(self, signs):
        """Counts the looks in a row that found each sign; returns the signs that last."""
        self._found = {sign: self._found.get(sign, 0) + 1 for sign in signs}
        return [sign for sign, looks in self._found.items() if looks >= self.patience]

    def _weigh(self, signs):
        """Counts signs, and tells of those that last."""
        lasting = self._count(signs)
        if not lasting:
            return
        text = f"The embeddings are collapsing: {'; '.join(signs[sign] for sign in lasting)}."
        if self.stop:
            self.reason = f"{text} Training stops after {self.patience} such looks in a row."
            self.model.stop_training = True
        if self.reason or any(self._found[sign] == self.patience for sign in lasting):
            warnings.warn(self.reason or text, CollapseWarning, stacklevel=3)


def _projected(name):
    """Column of the history for a figure of projections."""
    return f"projection_{name.removeprefix('embedding_')}"


def collapse_signs(figures, shape, start=None):
    """Says in words what looks collapsed.

    An untrained network often maps everything into a narrow cone: its mean cosine is above 0.95
    though nothing has collapsed. So a figure counts only when it is also clearly worse than at the
    start, or hopeless.

    Args:
        figures: dict of `diagnose`.
        shape: (N, D) of the embeddings.
        start: dict of `diagnose` before training, or None.

    Returns:
        dict of str by what looks collapsed (spread, rank, cosine); empty for healthy embeddings.
    """
    count, width = shape
    low_std, low_rank, high_cosine = LOW_STD_RATIO, LOW_RANK_RATIO * min(count, width), HIGH_COSINE
    if start is not None:
        low_std = min(low_std, 0.5 * start["embedding_std_ratio"])
        # The rank falls, and rises again, while a network learns its first strong directions.
        low_rank = min(low_rank, 0.25 * start["rankme"])
        # Half the spread is a quarter of what the cosine lacks of 1.
        high_cosine = max(high_cosine, 0.75 + 0.25 * start["mean_cosine"])
    signs = {}
    if figures["embedding_std_ratio"] < max(low_std, DEAD_STD_RATIO):
        signs["spread"] = (
            f"their spread is {figures['embedding_std_ratio']:.3f} of an even one, less than "
            f"{max(low_std, DEAD_STD_RATIO):.3f}: they are nearly equal"
        )
    if figures["rankme"] < max(low_rank, DEAD_RANK):
        signs["rank"] = (
            f"their effective rank is {figures['rankme']:.1f} of {min(count, width)}, less than "
            f"{max(low_rank, DEAD_RANK):.1f}: they fill few directions"
        )
    if figures["mean_cosine"] > min(high_cosine, DEAD_COSINE):
        signs["cosine"] = (
            f"their mean cosine is {figures['mean_cosine']:.4f}, more than "
            f"{min(high_cosine, DEAD_COSINE):.4f}: they point one way"
        )
    return signs


def projection_signs(figures, before):
    """Says in words what looks collapsed of projections, which a loss compares.

    Sound methods draw everything together for some dozens of steps, too, before they spread it:
    what counts is what is poor and gets no better. The first look therefore tells only of the
    hopeless. Which rank is sound depends on method and width, and which deviation on the loss:
    they count when most has been lost.

    Measured on Fashion-MNIST with the small recipes, after 78 steps: a spread of 0.57 or more and
    a share of one direction of 0.46 or less where methods are sound; 0.30 and 0.65 for BYOL
    without predictor, 0.90 and 0.78 for SimSiam without stop-gradient; VICReg without variance has
    lost 0.85 of its deviation, VICReg 0.2. MoCo passes through 0.39 and 0.76 at step 50; DINO has a
    share of 0.76 at step 50 and a spread of 0.47 at 75, so the two are signs apart.

    Args:
        figures: dict of `diagnose` and, where lengths matter, `deviation`.
        before: list of such, of the looks before.

    Returns:
        dict of str by what looks collapsed; empty for healthy projections.
    """
    signs, spread, share = {}, figures["embedding_std_ratio"], figures["top_variance_ratio"]
    last = before[-1] if before else {"embedding_std_ratio": 0.0, "top_variance_ratio": 1.0}
    rises = spread > last["embedding_std_ratio"]
    if spread < (DEAD_STD_RATIO if rises else LOW_STD_RATIO):
        signs["projected spread"] = (
            f"the spread of their projections is {spread:.3f} of an even one, less than "
            f"{LOW_STD_RATIO}, and does not rise: they are nearly equal"
        )
    if share > HIGH_TOP_VARIANCE_RATIO and share >= last["top_variance_ratio"]:
        signs["projected line"] = (
            f"{share:.2f} of the variance of their projections lies along one direction, more "
            f"than {HIGH_TOP_VARIANCE_RATIO}, and does not fall: they are nearly on a line"
        )
    for name, words in LOSABLE.items():
        if name in figures:
            highest = max(look[name] for look in (*before, figures))
            if figures[name] < LOST_RATIO * highest:
                signs[f"projected {words}"] = (
                    f"the {words} of their projections has fallen from {highest:.3g} to "
                    f"{figures[name]:.3g}"
                )
    return signs
