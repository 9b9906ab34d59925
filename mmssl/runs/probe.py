"""The section `probe` of a recipe: what of the encoder is probed, and when."""

from dataclasses import dataclass
from typing import Any, Literal


@dataclass
class Online:
    """Labeled items that the encoder is probed with while it trains.

    Args:
        source: labeled data, as `data.source`; null for the run's own, with its labels.
        labels: see `data.labels`.
        label_column: see `data.label_column`.
        split_column: see `data.split_column`; without one, a fifth of each class is tested on.
        every: steps of the training between two of the probe, 1 or more.
    """

    source: Any = None
    labels: Any = None
    label_column: str | None = None
    split_column: str | None = None
    every: int = 4

    def __post_init__(self):
        if self.every < 1:
            raise ValueError(f"probe.online.every must be at least 1; got {self.every}.")


@dataclass
class Probe:
    """Which output of the encoder is probed, embedded and exported.

    Args:
        layer: block whose output, pooled, is the embedding; null for the encoder's own.
        whiten: whether the embedding that is embedded and exported is whitened, by the principal
            directions of that of the unlabeled training items: pca, none, or auto, which whitens
            where a few directions hide the others.
        components: largest number of these directions that are kept, 1 or more; null for all.
        online: labeled items to probe with during the training; null for none.
        similarity: of word vectors: file of word pairs with a score, or several, whose rank
            correlation with the vectors' cosines is measured at the end; null for none.
        analogies: of word vectors: file of analogy questions, or several, that are answered at the
            end; null for none.
    """

    layer: str | None = None
    whiten: Literal["auto", "pca", "none"] = "auto"
    components: int | None = None
    online: Online | None = None
    similarity: str | list[str] | None = None
    analogies: str | list[str] | None = None

    def __post_init__(self):
        if self.components is not None and self.components < 1:
            raise ValueError(f"probe.components must be at least 1; got {self.components}.")
        if isinstance(self.online, dict):
            self.online = Online(**self.online)
