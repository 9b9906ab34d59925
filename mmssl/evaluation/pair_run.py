"""A finished run of pairs, opened for use: its sides, and what is embedded with them."""

import json
from dataclasses import dataclass
from functools import cached_property

import tensorflow as tf

from mmssl.evaluation.probes.features import Embedder, embed_source
from mmssl.pipelines.reader import BATCH
from mmssl.reading import load_json
from mmssl.runs import Run
from mmssl.runs.folder import SIMILARITY, TOWERS


@dataclass(eq=False)
class PairRun:
    """The sides of a run of pairs.

    Attributes:
        run: Run of the pairs.
        sides: dict from the name of a side to the Run of its tower.
        scale: factor that turns a cosine into a logit.
        bias: what is added to it.
    """

    run: Run
    sides: dict[str, Run]
    scale: float
    bias: float

    @classmethod
    def of(cls, run):
        """Opens the sides of a run.

        Args:
            run: Run.

        Raises:
            ValueError: it was not trained on pairs, or has not ended.
        """
        folder = run.folder / TOWERS
        if not is_pair_run(run):
            raise ValueError(
                f"{run.folder} is no finished run of pairs: it has no {TOWERS}/{SIMILARITY}, which "
                "`mmssl pretrain pairs/clip` writes at its end."
            )
        about = load_json((folder / SIMILARITY).read_text())
        sides = {side: Run.load(folder / side, run.trust) for side in about["sides"]}
        return cls(run, sides, float(about["scale"]), float(about["bias"]))

    @cached_property
    def text_side(self):
        """Name of the side that reads texts, the second if both do.

        Raises:
            ValueError: neither does.
        """
        names = [side for side, run in self.sides.items() if hasattr(run.data, "encode")]
        if not names:
            raise ValueError(
                f"{self.run.folder} has the sides {' and '.join(self.sides)}, neither of which "
                "reads texts."
            )
        return names[-1]

    def other(self, side):
        """Returns the name of the other side."""
        return next(name for name in self.sides if name != side)

    def embed(self, side, source):
        """Embeds the items of a Source of one side, float32 (N, D) of unit vectors."""
        run = self.sides[side]
        return embed_source(run.encoder, run.data, source)

    def embed_texts(self, texts):
        """Embeds a list of str, float32 (N, D) of unit vectors."""
        data = self.sides[self.text_side].data
        parts = (texts[first : first + BATCH] for first in range(0, len(texts), BATCH))
        return self._texts(data.encode(tf.constant(part)) for part in parts)["embedding"]

    @cached_property
    def _texts(self):
        return Embedder(self.sides[self.text_side].encoder)


def is_pair_run(run):
    """Says whether a run has the towers of both sides."""
    return (run.folder / TOWERS / SIMILARITY).is_file()


def similarity_text(method):
    """Returns what `PairRun` reads of a method: its sides, and what makes a logit of a cosine."""
    return json.dumps({"sides": list(method.export_towers()), **method.similarity()}) + "\n"
