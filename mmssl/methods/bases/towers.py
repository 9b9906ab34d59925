"""The base of methods of pairs: two encoders whose projections lie in one space."""

import keras
import numpy as np
from keras import ops

from mmssl.methods.bases.joint_embedding import embedding_width
from mmssl.methods.bases.pretrainer import Pretrainer
from mmssl.methods.bases.requirements import check_batch
from mmssl.methods.bases.retrieval import figures_of, nearest_sheet

UNIT = "unit"  # name of the layer that gives projections unit length
BATCH = 64  # examples that are embedded at once


class Towers(Pretrainer):
    """Two encoders, each with a linear projection to vectors that are compared by their cosine.

    A subclass returns its losses from `loss_terms(batch, outputs, training)`, where `outputs` is a
    dict from a side to its projections (B, D).

    Args:
        towers: two encoders, by the names of the sides. The first is what a run of pairs is probed
            and embedded by, without its projection.
        projection: D, width of the vectors that are compared; None compares the embeddings of the
            towers as they are, which are then of one width.
        locked: names of sides whose encoder stays as it is, as in LiT (Zhai et al. 2021, arXiv
            2111.07991); its projection is learned.
        **kwargs: passed to Pretrainer.

    Attributes:
        joint: dict from a side to the keras.Model from its inputs to `features` and `embedding`,
            the projection at unit length, float32 (B, D).

    Raises:
        ValueError: there are not two towers, `locked` names another, or towers without projection
            differ in width.
    """

    min_batch_size = 2
    views_agree = False

    def __init__(
        self,
        towers: dict[str, keras.Model],
        projection: int | None = 512,
        locked: tuple[str, ...] = (),
        **kwargs,
    ):
        name = type(self).__name__
        if len(towers) != 2:
            raise ValueError(f"{name} takes two towers; got {', '.join(towers) or 'none'}.")
        if unknown := set(locked) - set(towers):
            there = " and ".join(towers)
            raise ValueError(f"{name}(locked=...) names {', '.join(unknown)}; it has {there}.")
        if projection is not None and projection < 1:
            raise ValueError(f"{name}(projection={projection}) must be 1 or more.")
        widths = {side: embedding_width(tower) for side, tower in towers.items()}
        if projection is None and len(set(widths.values())) > 1:
            raise ValueError(f"{name} compares embeddings of one width; its towers have {widths}.")
        super().__init__(next(iter(towers.values())), **kwargs)
        self.sides, self.locked = tuple(towers), tuple(locked)
        self.towers = dict(towers)
        self.heads = {side: _head(tower, projection, side) for side, tower in towers.items()}
        self.joint = {side: _joint(tower, self.heads[side]) for side, tower in towers.items()}
        for side in locked:
            # Per variable: trainable=False on a layer would be saved with the encoder.
            for variable in towers[side].variables:
                variable.trainable = False

    def learned_number(self, name, value, constraint=None):
        """Returns a trainable scalar, such as a temperature, which stays float32.

        Args:
            name: of the variable.
            value: float, its value at the start.
            constraint: None, or a function that brings it back within bounds after each step.
        """
        return self.add_weight(
            shape=(),
            initializer=keras.initializers.Constant(value),
            constraint=constraint,
            autocast=False,
            name=name,
        )

    def call(self, batch, training=False):
        """Projects both halves of each pair.

        Returns:
            dict from each side to float32 (B, D), of any length.
        """
        halves = {side: self.inputs_of(batch, side) for side in self.sides}
        return {side: self.project(side, half, training) for side, half in halves.items()}

    def inputs_of(self, batch, side):
        """Returns the inputs of a tower from a batch, a dict of tensors."""
        return {name: batch[f"{side}_{name}"] for name in self.towers[side].input}

    def project(self, side, inputs, training=False):
        """Projects the halves of one side.

        Args:
            side: its name.
            inputs: dict of the tower's inputs.
            training: whether dropout and batch statistics are on; not in a locked tower.

        Returns:
            float32 (B, D), of any length.
        """
        training = training and side not in self.locked
        return self.heads[side](self.towers[side](inputs, training=training)["embedding"])

    def groups_of(self, batch):
        """Returns the numbers of the halves of both sides, two int32 (B,), as losses take them."""
        first, second = (batch[f"{side}_group"] for side in self.sides)
        return {"first_groups": first, "second_groups": second}

    def export_towers(self):
        """Returns the networks of both sides, whose embeddings can be compared; see `joint`."""
        return dict(self.joint)

    def similarity(self):
        """Returns what turns a cosine into a logit, as numbers: its factor and what is added."""
        return {"scale": 1.0, "bias": 0.0}

    def check_batch(self, spec):
        for side in self.sides:
            own = {
                name.removeprefix(f"{side}_"): x
                for name, x in spec.items()
                if name.startswith(f"{side}_")
            }
            if not own:
                raise ValueError(
                    f"the method has a tower {side!r}, and the data have no such side: "
                    f"{', '.join(spec)}."
                )
            check_batch(self.towers[side], own)

    def embed_side(self, side, examples):
        """Embeds examples of one side in the space that both share.

        Args:
            side: its name.
            examples: iterable of dicts of the tower's inputs.

        Returns:
            float32 array (N, D) of unit vectors.
        """
        model, found = self.joint[side], []
        model.jit_compile = False  # what XLA takes to compile outlasts most validations
        for batch in examples:
            inputs = {name: np.asarray(batch[name]) for name in model.input}
            rows = len(next(iter(inputs.values())))
            # One shape, hence one graph, for the last batch as well.
            padded = {name: _filled_up(x, -rows % BATCH) for name, x in inputs.items()}
            found.append(np.asarray(model.predict_on_batch(padded)["embedding"])[:rows])
        return np.concatenate(found)

    def validate(self, data):
        """Retrieves the halves of held-out pairs by each other, and classifies by words.

        Args:
            data: mmssl.pipelines.pairs.Pairs over the held-out pairs.

        Returns:
            dict: see `retrieval.figures_of`.
        """
        return figures_of(self, data)

    def report_images(self, data):
        """Draws halves of the first side beside the nearest of the second.

        Args:
            data: mmssl.pipelines.pairs.Pairs over the pairs to show.

        Returns:
            list of one (title, caption, uint8 (H, W, 3)).
        """
        return [nearest_sheet(self, data)]


def in_batch_accuracy(outputs):
    """Computes how often a half is nearest to its own among the halves of this replica.

    Args:
        outputs: dict of two (B, D).

    Returns:
        float32 scalar, the mean of both directions.
    """
    first, second = (ops.normalize(ops.cast(x, "float32")) for x in outputs.values())
    cosines = ops.matmul(first, ops.transpose(second))
    own = ops.arange(ops.shape(cosines)[0])
    hits = [ops.cast(ops.argmax(cosines, axis), "int32") == own for axis in (0, 1)]
    return ops.mean(ops.cast(ops.stack(hits), "float32"))


def _filled_up(x, rows):
    return np.concatenate([x, np.repeat(x[:1], rows, axis=0)])


def _head(tower, projection, side):
    width = embedding_width(tower)
    vectors = keras.Input((width,))
    if projection is None:
        return keras.Model(vectors, keras.layers.Identity()(vectors), name=f"{side}_head")
    initial = keras.initializers.RandomNormal(stddev=width**-0.5)
    dense = keras.layers.Dense(
        projection, use_bias=False, kernel_initializer=initial, dtype="float32", name="projection"
    )
    return keras.Model(vectors, dense(vectors), name=f"{side}_head")


def _joint(tower, head):
    unit = keras.layers.UnitNormalization(dtype="float32", name=UNIT)
    outputs = {
        "features": tower.output["features"],
        "embedding": unit(head(tower.output["embedding"])),
    }
    return keras.Model(tower.input, outputs, name=f"joint_{tower.name}")
