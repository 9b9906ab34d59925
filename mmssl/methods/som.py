"""Self-organizing maps."""

from typing import Literal

import keras
import numpy as np
from keras import ops

from mmssl import distribution
from mmssl.choices import check_choices
from mmssl.methods.bases import Pretrainer
from mmssl.methods.bases.held_out_images import sheet, spread_out
from mmssl.methods.bases.inference import first_outputs
from mmssl.methods.bases.requirements import required_layer

LEAST_SHARE = 1e-30  # of inputs that a prototype needs, to be moved to their mean
LEAST_DEVIATION = 0.1  # of a channel, as a part of the largest one


class SOM(Pretrainer):
    """The self-organizing map (Kohonen 1982, Biological Cybernetics 43).

    Prototypes w_i on a grid, at places r_i, follow the inputs; that nearest to an input, the winner
    c, moves, and with it its neighbors on the grid:

        h_i(x) = exp(-|r_c - r_i|^2 / (2 radius^2)),    c = argmin_i |x - w_i|
        online:  w_i += rate sum_x h_i(x) (x - w_i) / max(1, sum_x h_i(x))
        batch:   w_i  = sum_x h_i(x) x / sum_x h_i(x)

    Sums are over the inputs of a step, of batch over those of `collect` steps, all compared with
    the prototypes as they were before it; online with one input is Kohonen's rule. Radius and rate
    fall exponentially. There are no gradients: a step moves the prototypes itself. The loss that
    is reported is the quantization error, the mean of |x - w_c| over standardized inputs.

    Batch:
        the inputs of the encoder, such as `images` float32 (B, size, size, 3) in [0, 1].

    Across replicas: the sums, so that all move alike.

    Args:
        encoder: keras.Model with a grid of prototypes, such as `mmssl.encoders.som_encoder()`.
        rule: `online` or `batch`.
        radius: of the neighborhood at the first step; None for half the longer side of the grid.
        final_radius: at the last step; below about 0.3 no neighbor moves.
        rate: of online at the first step, in (0, 1].
        final_rate: at the last step, in (0, 1].
        collect: steps of batch that one move is made of, 1 or more; as many as an epoch has for
            the classical batch map.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: an argument is out of range, or the encoder has no grid.
    """

    metric_names = ("quantization", "topographic")

    def __init__(
        self,
        encoder: keras.Model,
        rule: Literal["online", "batch"] = "online",
        radius: float | None = None,
        final_radius: float = 0.5,
        rate: float = 0.5,
        final_rate: float = 0.01,
        collect: int = 1,
        **kwargs,
    ):
        super().__init__(encoder, **kwargs)
        check_choices(SOM.__init__, rule=rule)
        self.grid = required_layer("SOM", encoder, "grid", "mmssl.encoders.som_encoder")
        radius = max(self.grid.rows, self.grid.columns) / 2 if radius is None else radius
        if min(radius, final_radius) <= 0 or collect < 1:
            raise ValueError(
                f"SOM needs radius={radius} and final_radius={final_radius} above 0, and "
                f"collect={collect} of 1 or more."
            )
        if not (0 < rate <= 1 and 0 < final_rate <= 1):
            raise ValueError(f"SOM needs rate={rate} and final_rate={final_rate} in (0, 1].")
        self.rule, self.collect, self.total_steps = rule, collect, 1000
        self.radii, self.rates = (radius, final_radius), (rate, final_rate)
        self.vectors = keras.Model(encoder.input, self.grid.input)
        places = self.grid.places()
        apart = places[:, None] - places[None]
        self.squared_ways = np.sum(apart**2, axis=-1).astype("float32")
        self.adjacent = (np.abs(apart).max(axis=-1) <= 1).astype("float32")
        units, width = self.grid.prototypes.shape
        self.steps = self._state((), "steps", "int32")
        if rule == "batch":
            self.sums = self._state((units, width), "sums")
            self.shares = self._state((units,), "shares")

    def _state(self, shape, name, dtype="float32"):
        return self.add_weight(shape, "zeros", dtype, trainable=False, name=name)

    def set_total_steps(self, steps):
        self.total_steps = steps

    def call(self, batch, training=False):
        """Standardizes what the prototypes are compared with: float32 (B, D)."""
        inputs = {name: batch[name] for name in self.encoder.input}
        return self.grid.standardize(self.vectors(inputs, training=False))

    def loss_terms(self, batch, outputs, training):
        squares = self.grid.squared_distances(outputs)
        nearest, (first, second) = self._nearest(squares)
        together = ops.take(ops.reshape(self.adjacent, (-1,)), first * squares.shape[-1] + second)
        self.update_metric("topographic", 1 - ops.mean(together))
        if training:
            self._move(outputs, first)
        return {"quantization": ops.mean(ops.sqrt(nearest))}

    def _nearest(self, squares):
        """Returns the smallest squared distance, (B,), and the two nearest prototypes."""
        first = ops.cast(ops.argmin(squares, axis=-1), "int32")
        taken = ops.one_hot(first, squares.shape[-1], dtype="float32")
        second = ops.cast(ops.argmin(squares + 1e30 * taken, axis=-1), "int32")
        return ops.min(squares, axis=-1), (first, second)

    def _move(self, vectors, winners):
        """Moves the prototypes once, from where they were before the step."""
        h = ops.take(self.neighborhood(), winners, axis=0)
        replicas = distribution.num_replicas()
        own = [ops.matmul(ops.transpose(h), vectors), ops.sum(h, axis=0)]
        sums, shares = (replicas * x for x in distribution.mean(own))
        (self._move_online if self.rule == "online" else self._move_batch)(sums, shares)
        self.steps.assign_add(1)

    def _move_online(self, sums, shares):
        way = sums - shares[:, None] * self.grid.prototypes
        weight = self._fallen(*self.rates) / ops.maximum(shares, 1.0)
        self.grid.prototypes.assign_add(weight[:, None] * way)

    def _move_batch(self, sums, shares):
        sums, shares = self.sums + sums, self.shares + shares
        due = ops.equal((self.steps + 1) % self.collect, 0)
        some = ops.logical_and(due, shares > LEAST_SHARE)[:, None]
        means = sums / ops.maximum(shares, LEAST_SHARE)[:, None]
        self.grid.prototypes.assign(ops.where(some, means, self.grid.prototypes.value))
        self.sums.assign(ops.where(due, 0.0, sums))
        self.shares.assign(ops.where(due, 0.0, shares))

    def neighborhood(self):
        """Returns how much each prototype follows an input that each wins, float32 (K, K)."""
        return ops.exp(self.squared_ways / (-2 * ops.square(self._fallen(*self.radii))))

    def _fallen(self, first, last):
        done = ops.minimum(ops.cast(self.steps, "float32") / self.total_steps, 1.0)
        return first * (last / first) ** done

    def adapt(self, batches, examples=4096):
        """Standardizes by the data, and begins with some of them as prototypes.

        Args:
            batches: tf.data.Dataset of training batches.
            examples: number of inputs to use.
        """
        found = first_outputs(self.vectors, batches, examples)
        deviation = found.std(axis=0)
        least = LEAST_DEVIATION * deviation.max() or 1.0
        self.grid.mean.assign(found.mean(axis=0))
        self.grid.deviation.assign(np.maximum(deviation, least))
        chosen = np.linspace(0, len(found) - 1, len(self.squared_ways)).astype(int)
        self.grid.prototypes.assign(self.grid.standardize(found[chosen]))

    def positions(self, batch):
        """Returns row and column of the winner of each input, int array (B, 2)."""
        squares = self.grid.squared_distances(self(batch))
        return self.grid.places()[ops.convert_to_numpy(ops.argmin(squares, axis=-1))]

    def validate(self, data):
        """Computes the errors on held-out inputs, and that of a single prototype.

        Args:
            data: pipeline over the held-out inputs.

        Returns:
            dict: `quantization_error`; `topographic_error`, the share of inputs whose two nearest
            prototypes are not next to each other; `single_error`, the quantization error of their
            mean alone; `prototypes_used`, the share of prototypes that are the nearest of some.
        """
        vectors = np.concatenate(
            [self.infer(batch) for batch in data.examples(spread_out(data.source))]
        )
        nearest, (first, second) = self._nearest(self.grid.squared_distances(vectors))
        first, second, nearest = map(ops.convert_to_numpy, (first, second, nearest))
        return {
            "quantization_error": float(np.sqrt(nearest).mean()),
            "topographic_error": float(1 - self.adjacent[first, second].mean()),
            "single_error": float(np.linalg.norm(vectors - vectors.mean(axis=0), axis=1).mean()),
            "prototypes_used": len(np.unique(first)) / len(self.squared_ways),
        }

    def report_images(self, data):
        """Draws the map: of each prototype the nearest image, and itself, if it is of pixels.

        Args:
            data: pipeline over the images to show.

        Returns:
            list of (title, caption, uint8 (H, W, 3)); empty for other inputs than images.
        """
        if list(self.encoder.input) != ["images"]:
            return []
        batches = list(data.examples(spread_out(data.source)))
        squares = [self.grid.squared_distances(self.infer(batch)) for batch in batches]
        nearest = np.argmin(np.concatenate([np.asarray(x) for x in squares]), axis=0)
        images = np.concatenate([batch["images"].numpy() for batch in batches])[nearest]
        pictures = [("Nearest images", "The image nearest to each prototype of the map.", images)]
        if "pixels" in (layer.name for layer in self.encoder.layers):
            pixels = np.asarray(self.grid.prototypes) * np.asarray(self.grid.deviation)
            pixels = np.clip(pixels + np.asarray(self.grid.mean), 0, 1).reshape(images.shape)
            pictures.insert(0, ("Self-organizing map", "The prototypes, as they lie.", pixels))
        shape = (self.grid.rows, self.grid.columns, *images.shape[1:])
        return [(title, words, sheet(list(x.reshape(shape)))) for title, words, x in pictures]
