"""A codebook: vectors that are replaced with the nearest of its entries."""

import keras
import numpy as np
from keras import ops

from mmssl import distribution
from mmssl.layers.quantization import mixed

SMOOTHING = 1e-5  # added to each entry's count


@keras.saving.register_keras_serializable("mmssl")
class VectorQuantizer(keras.layers.Layer):
    """Replaces each vector with the nearest entry (van den Oord, Vinyals, Kavukcuoglu 2017).

        k = argmin_j |z - e_j|^2

    With a `momentum` g the entries are not trained: `update` moves each to the mean of the vectors
    that it replaced, where n_j is their number and s_j their sum over all replicas:

        N_j <- g N_j + (1 - g) n_j;   m_j <- g m_j + (1 - g) s_j;   e_j = m_j / N'_j
        N'_j = (N_j + 1e-5) / (sum N + K 1e-5) sum N

    N_j begins at 1 and m_j at e_j, so that entries that are not used stay. Where N_j falls below
    `restart` the entry is dead, and begins again as a vector of the batch with N_j = `restart`
    (after Dhariwal et al. 2020, 2005.00341, who leave N_j as it was). Which vector follows from the
    number of the update, and is the same on all replicas. It computes in float32.

    Args:
        entries: K, 2 or more.
        width: channels of an entry.
        momentum: g, at least 0 and below 1; None for entries that are trained.
        restart: least N_j of an entry, 0 or more; 0 for no restarts.

    Call arguments:
        vectors: (..., width).

    Returns:
        dict of `quantized` float32 (..., width), exactly one entry each, and `codes` int32 (...).

    Raises:
        ValueError: an argument is out of range.

    References:
        van den Oord et al. 2017, arXiv 1711.00937.
    """

    def __init__(self, entries=512, width=64, momentum=0.99, restart=1.0, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})
        _check(entries, width, momentum, restart)
        self.entries, self.width = entries, width
        self.momentum, self.restart = momentum, restart

    def build(self, input_shape):
        limit = (3.0 / self.width) ** 0.5  # entries of length 1, about
        self.codebook = self.add_weight(
            (self.entries, self.width),
            initializer=keras.initializers.RandomUniform(-limit, limit),
            trainable=self.momentum is None,
            name="codebook",
        )
        if self.momentum is None:
            return
        state = {"trainable": False, "initializer": "ones"}
        self.counts = self.add_weight((self.entries,), name="counts", **state)
        self.sums = self.add_weight((self.entries, self.width), name="sums", **state)
        self.updates = self.add_weight(
            (), dtype="int32", initializer="zeros", trainable=False, name="updates"
        )
        self.sums.assign(self.codebook)

    def call(self, vectors):
        codes = self.codes_of(vectors)
        return {"quantized": self.lookup(codes), "codes": codes}

    def codes_of(self, vectors):
        """Returns the number of the entry nearest to each vector, int32 (...)."""
        vectors = ops.cast(vectors, "float32")
        entries = ops.convert_to_tensor(self.codebook)
        # The square of the vector is left out, since it is the same for all entries.
        apart = ops.sum(ops.square(entries), axis=1) - 2.0 * ops.matmul(
            vectors, ops.transpose(entries)
        )
        # Keras' argmin looks at single bits, for which LiteRT has no operation.
        return ops.cast(ops.top_k(-apart, 1)[1][..., 0], "int32")

    def lookup(self, codes):
        """Returns the entries of codes, int32 (...): float32 (..., width)."""
        return ops.take(ops.convert_to_tensor(self.codebook), codes, axis=0)

    def shares(self, codes):
        """Computes the share of each entry among the codes of all replicas: float32 (K,)."""
        chosen = ops.one_hot(ops.reshape(codes, (-1,)), self.entries, dtype="float32")
        return distribution.mean(ops.mean(chosen, axis=0))

    def update(self, vectors, codes):
        """Moves the entries by a training batch; only with a `momentum`.

        Args:
            vectors: (..., width).
            codes: int32 (...), what `call` returned for them.
        """
        vectors = ops.reshape(ops.stop_gradient(ops.cast(vectors, "float32")), (-1, self.width))
        chosen = ops.one_hot(ops.reshape(codes, (-1,)), self.entries, dtype="float32")
        counts, sums = _over_replicas(
            [ops.sum(chosen, axis=0), ops.matmul(ops.transpose(chosen), vectors)]
        )
        counts = self.momentum * self.counts + (1.0 - self.momentum) * counts
        sums = self.momentum * self.sums + (1.0 - self.momentum) * sums
        if self.restart:
            dead = counts < self.restart
            counts = ops.where(dead, self.restart, counts)
            sums = ops.where(dead[:, None], self.restart * self._drawn(vectors), sums)
        total = ops.sum(counts)
        smoothed = (counts + SMOOTHING) / (total + self.entries * SMOOTHING) * total
        self.counts.assign(counts)
        self.sums.assign(sums)
        self.codebook.assign(sums / smoothed[:, None])
        self.updates.assign_add(1)

    def _drawn(self, vectors):
        """Draws a vector of the batch of all replicas for each entry: float32 (K, width)."""
        rows = ops.shape(vectors)[0]
        numbers = ops.cast(ops.arange(self.entries), "uint32")
        key = mixed(ops.cast(self.updates.value, "uint32"))
        bits = ops.right_shift(mixed(ops.bitwise_xor(mixed(numbers), key)), np.uint32(1))
        places = ops.mod(ops.cast(bits, "int32"), rows * distribution.num_replicas())
        local = places - distribution.first_row(rows)
        mine = ops.logical_and(local >= 0, local < rows)
        own = ops.take(vectors, ops.clip(local, 0, rows - 1), axis=0)
        [drawn] = _over_replicas([ops.where(mine[:, None], own, 0.0)])
        return drawn

    def compute_output_spec(self, vectors):
        quantized = keras.KerasTensor((*vectors.shape[:-1], self.width), "float32")
        return {"quantized": quantized, "codes": keras.KerasTensor(vectors.shape[:-1], "int32")}

    def get_config(self):
        names = ("entries", "width", "momentum", "restart")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def straight_through(vectors, quantized):
    """Returns quantized vectors whose gradients pass to the vectors unchanged.

    Args:
        vectors: (..., C).
        quantized: (..., C), what stands for them.

    Returns:
        float32 (..., C).
    """
    vectors = ops.cast(vectors, "float32")
    return vectors + ops.stop_gradient(quantized - vectors)


def _over_replicas(tensors):
    """Sums tensors over all replicas, in one reduction."""
    return [distribution.num_replicas() * x for x in distribution.mean(tensors)]


def _check(entries, width, momentum, restart):
    if entries < 2 or width < 1 or restart < 0:
        raise ValueError(
            "VectorQuantizer needs entries of 2 or more, a width of 1 or more and restart of 0 or "
            f"more; got entries={entries}, width={width}, restart={restart}."
        )
    if momentum is not None and not 0 <= momentum < 1:
        raise ValueError(
            f"VectorQuantizer(momentum={momentum}) must be at least 0 and below 1, or None."
        )
