"""A codebook whose entries are mixed by noisy logits, the more nearly one the cooler it is."""

import math

import keras
from keras import ops

from mmssl import distribution
from mmssl.layers.codebook import Codebook
from mmssl.layers.quantization import gumbel_noise, mixed


@keras.saving.register_keras_serializable("mmssl")
class GumbelCodebook(Codebook):
    """Chooses an entry of a codebook by logits (Jang, Gu, Poole 2017, arXiv 1611.01144).

    In training, with Gumbel noise n and a temperature T, entries are mixed, in the forward pass as
    in the backward pass; otherwise the entry of the largest logit is taken:

        y = softmax((l + n) / T),   q = sum_k y_k e_k;      q = e_k, k = argmax_j l_j

    T falls with half a cosine over `anneal_steps` steps. The noise follows from the number of the
    step, from a seed that is drawn with the weights, and from the place's number among those of all
    replicas. All of it are weights, so a resumed training goes on exactly. It computes in float32.

    Args:
        entries: K, 2 or more.
        width: channels of an entry.
        temperature: T of the first step, above 0.
        final_temperature: T of the last of these steps, above 0 and at most `temperature`.
        anneal_steps: 1 or more.

    Call arguments:
        logits: (B, ..., K), with a known number of places.
        relaxed: whether entries are mixed, as in training; not by the flag that models pass on, so
            that an encoder that is fine-tuned has no noise.

    Returns:
        dict of `quantized` float32 (B, ..., width), and `codes` int32 (B, ...), in training the
        entries of the largest share.

    Raises:
        ValueError: an argument is out of range.
    """

    def __init__(
        self,
        entries=8192,
        width=128,
        temperature=1.0,
        final_temperature=1 / 16,
        anneal_steps=150_000,
        **kwargs,
    ):
        super().__init__(entries, width, **kwargs)
        if not 0 < final_temperature <= temperature or anneal_steps < 1:
            raise ValueError(
                "GumbelCodebook needs a final_temperature above 0 and at most the temperature, and "
                f"anneal_steps of 1 or more; got temperature={temperature}, "
                f"final_temperature={final_temperature}, anneal_steps={anneal_steps}."
            )
        self.temperature, self.final_temperature = temperature, final_temperature
        self.anneal_steps = anneal_steps

    def build(self, logits_shape):
        self.codebook = self.add_weight(
            (self.entries, self.width),
            initializer=keras.initializers.RandomNormal(stddev=self.width**-0.5),
            name="codebook",
        )
        counter = {"shape": (), "dtype": "int32", "trainable": False}
        self.steps = self.add_weight(initializer="zeros", name="steps", **counter)
        self.seed = self.add_weight(initializer=_drawn_seed, name="seed", **counter)

    def advance(self):
        """Counts one step of the training, after which it is cooler and the noise another."""
        self.steps.assign_add(1)

    def current_temperature(self):
        """Returns T of the step to come, a float32 scalar."""
        way = ops.minimum(ops.cast(self.steps.value, "float32") / self.anneal_steps, 1.0)
        share = (1.0 + ops.cos(math.pi * way)) / 2.0
        return self.final_temperature + (self.temperature - self.final_temperature) * share

    def call(self, logits, relaxed=False):
        logits = ops.cast(logits, "float32")
        if not relaxed:
            codes = self.codes_of(logits)
            return {"quantized": self.lookup(codes), "codes": codes}
        scores = (logits + self._noise(logits)) / self.current_temperature()
        shares = ops.softmax(scores, axis=-1)
        quantized = ops.matmul(shares, ops.convert_to_tensor(self.codebook))
        return {"quantized": quantized, "codes": ops.cast(ops.argmax(scores, axis=-1), "int32")}

    def codes_of(self, logits):
        """Returns the number of the largest of logits (..., K), int32 (...)."""
        return ops.cast(ops.argmax(logits, axis=-1), "int32")

    def _noise(self, logits):
        """Draws Gumbel noise for each place of the batch of all replicas."""
        places = ops.shape(logits)[0] * math.prod(logits.shape[1:-1])
        numbers = ops.arange(places) + distribution.first_row(places)
        step = mixed(ops.cast(self.steps.value, "uint32"))
        key = mixed(ops.bitwise_xor(step, ops.cast(self.seed.value, "uint32")))
        keys = ops.bitwise_xor(mixed(ops.cast(numbers, "uint32")), key)
        return ops.reshape(gumbel_noise(keys, self.entries), ops.shape(logits))

    def compute_output_spec(self, logits, relaxed=False):
        quantized = keras.KerasTensor((*logits.shape[:-1], self.width), "float32")
        return {"quantized": quantized, "codes": keras.KerasTensor(logits.shape[:-1], "int32")}

    def get_config(self):
        names = ("temperature", "final_temperature", "anneal_steps")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def _drawn_seed(shape, dtype=None):
    return keras.random.randint(shape, 0, 2**31 - 1, dtype)
