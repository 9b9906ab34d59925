"""Quantizers: vectors that are replaced with entries of a learned codebook."""

import keras
import numpy as np
from keras import ops

_ODD = np.uint32(0x9E3779B1)  # 2^32 over the golden ratio, whose multiples are spread evenly


class GumbelQuantizer(keras.layers.Layer):
    """Replaces each vector with one entry of every codebook (Baevski et al. 2020, 2006.11477).

    A linear map gives the logits l of the V entries of each of G groups. In training, with Gumbel
    noise n and a temperature T, the entry is the largest of softmax((l + n) / T), and gradients
    pass as if that softmax had been taken instead of its largest (straight-through; Jang, Gu, Poole
    2017, 1611.01144). Otherwise it is that of the largest logit. The entries of the groups are
    joined. T falls by a factor with every step, from `temperature` to `final_temperature`:

        T_n = max(temperature * decay^n, final_temperature)

    The noise follows from keys that the input pipeline draws, see `gumbel_noise`, and the number of
    steps is a weight, so a resumed training goes on exactly. It computes in float32.

    Args:
        groups: G, 1 or more.
        entries: V, entries per group, 2 or more.
        entry_width: channels of an entry.
        temperature: T of the first step, above 0.
        final_temperature: lowest T, above 0 and at most `temperature`.
        decay: factor of T per step, above 0 and at most 1.

    Call arguments:
        features: (..., C).
        keys: int32 (...), of the noise; unused outside of training.
        training: whether to add the noise.

    Returns:
        dict of `quantized` float32 (..., G * entry_width); `codes` int32 (..., G), the entry of
        each group; `probabilities` float32 (..., G, V), softmax(l) without noise or temperature.

    Raises:
        ValueError: an argument is out of range.
    """

    def __init__(
        self,
        groups=2,
        entries=320,
        entry_width=128,
        temperature=2.0,
        final_temperature=0.5,
        decay=0.999995,
        **kwargs,
    ):
        super().__init__(**{**kwargs, "dtype": "float32"})
        _check(groups, entries, entry_width, temperature, final_temperature, decay)
        self.groups, self.entries, self.entry_width = groups, entries, entry_width
        self.temperature, self.final_temperature = temperature, final_temperature
        self.decay = decay

    def build(self, features_shape, keys_shape=None):
        # The official code's initial values.
        self.logits = keras.layers.Dense(
            self.groups * self.entries,
            kernel_initializer=keras.initializers.RandomNormal(stddev=1.0),
            dtype="float32",
            name="logits",
        )
        self.logits.build(features_shape)
        self.codebook = self.add_weight(
            (self.groups, self.entries, self.entry_width),
            initializer=keras.initializers.RandomUniform(0.0, 1.0),
            name="codebook",
        )
        self.steps = self.add_weight(
            (), dtype="int32", initializer="zeros", trainable=False, name="steps"
        )

    def advance(self):
        """Counts one step of the training, after which the temperature is lower."""
        self.steps.assign_add(1)

    def current_temperature(self):
        """Returns T of the step to come, a float32 scalar."""
        fallen = self.temperature * self.decay ** ops.cast(self.steps.value, "float32")
        return ops.maximum(fallen, self.final_temperature)

    def call(self, features, keys, training=False):
        logits = self.logits(ops.cast(features, "float32"))
        logits = ops.reshape(logits, (*ops.shape(logits)[:-1], self.groups, self.entries))
        scores = logits
        if training:
            noise = gumbel_noise(keys, self.groups * self.entries)
            scores = (logits + ops.reshape(noise, ops.shape(logits))) / self.current_temperature()
        codes = ops.argmax(scores, axis=-1)
        chosen = ops.one_hot(codes, self.entries, dtype="float32")
        if training:
            soft = ops.softmax(scores, axis=-1)
            # Zero, but for the gradient: what is chosen stays exactly one entry.
            chosen = chosen + (soft - ops.stop_gradient(soft))
        quantized = ops.einsum("...gv,gvd->...gd", chosen, self.codebook)
        joined = (*ops.shape(quantized)[:-2], self.groups * self.entry_width)
        return {
            "quantized": ops.reshape(quantized, joined),
            "codes": ops.cast(codes, "int32"),
            "probabilities": ops.softmax(logits, axis=-1),
        }

    def get_config(self):
        own = {
            "groups": self.groups,
            "entries": self.entries,
            "entry_width": self.entry_width,
            "temperature": self.temperature,
            "final_temperature": self.final_temperature,
            "decay": self.decay,
        }
        return {**super().get_config(), **own}


def gumbel_noise(keys, width):
    """Computes Gumbel noise that follows from keys alone, on every backend and replica alike.

    Keras' own generators draw other numbers on each backend, and the same on every replica; here
    each number is a hash of its key and its place (the finalizer of MurmurHash3).

    Args:
        keys: int32 (...), any integers.
        width: int, numbers per key.

    Returns:
        float32 (..., width), -log(-log(u)) of u uniform in (0, 1).
    """
    places = mixed(ops.cast(ops.arange(1, width + 1), "uint32") * _ODD)
    bits = mixed(ops.bitwise_xor(mixed(ops.cast(keys, "uint32"))[..., None], places))
    # 23 bits, so that a half can be added without rounding up to 1.
    uniform = (ops.cast(ops.right_shift(bits, np.uint32(9)), "float32") + 0.5) / 2**23
    return -ops.log(-ops.log(uniform))


def mixed(bits):
    """Scrambles uint32 numbers, so that neighbors have nothing in common (as MurmurHash3 ends)."""
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        bits = ops.bitwise_xor(bits, ops.right_shift(bits, np.uint32(shift)))
        bits = bits * np.uint32(factor)
    return ops.bitwise_xor(bits, ops.right_shift(bits, np.uint32(16)))


def _check(groups, entries, entry_width, temperature, final_temperature, decay):
    if groups < 1 or entries < 2 or entry_width < 1:
        raise ValueError(
            "GumbelQuantizer needs groups and an entry_width of 1 or more and entries of 2 or "
            f"more; got groups={groups}, entries={entries}, entry_width={entry_width}."
        )
    if not 0 < final_temperature <= temperature:
        raise ValueError(
            "GumbelQuantizer needs a final_temperature above 0 and at most the temperature; got "
            f"temperature={temperature}, final_temperature={final_temperature}."
        )
    if not 0 < decay <= 1:
        raise ValueError(f"GumbelQuantizer(decay={decay}) must be above 0 and at most 1.")
