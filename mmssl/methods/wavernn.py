"""WaveRNN: autoregressive prediction of 16-bit audio, byte by byte."""

import math

import keras
import numpy as np
from keras import ops

from mmssl.layers import DualGRU, mu_law_encode
from mmssl.layers.audio import FULL_SCALE
from mmssl.losses.masked_cross_entropy import masked_cross_entropy
from mmssl.losses.sample_intervals import interval_nats
from mmssl.methods.bases import Pretrainer
from mmssl.methods.bases.parts import batch_total

LEVELS = 256
BYTES = ("coarse", "fine")
VALIDATION_BATCHES = 64


class WaveRNN(Pretrainer):
    """Prediction of the next 16-bit sample (Kalchbrenner et al. 2018, arXiv 1802.08435).

    Predicts the high byte c of every sample from the samples before it, then the low byte f from c
    as well, by a softmax each:

        loss = -mean_{b, t} ( log P(c_t | x_<t) + log P(f_t | x_<t, c_t) )

    The encoder's state h_t consists of a half for either byte; it knows c_t in the second half and
    no more of sample t. The state begins at zero in every window, after silence, and the first
    samples count like all others.

    Batch:
        waveform: float32 (B, T) in [-1, 1].
        padding_mask: int32 (B, T), 1 for samples, 0 for padding, which is not predicted.

    Across replicas: the number of samples that count.

    Args:
        encoder: keras.Model of `mmssl.encoders.wavernn_encoder()`.
        head_width: width of the layer before the logits of either byte; None for half the state's.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: the encoder is not a WaveRNN, or `head_width` is below 1.
    """

    splits_batches = True
    metric_names = ("coarse", "fine", "bits")

    def __init__(self, encoder: keras.Model, head_width: int | None = None, **kwargs):
        super().__init__(encoder, **kwargs)
        found = [layer for layer in encoder.layers if isinstance(layer, DualGRU)]
        if not found:
            raise ValueError(
                "WaveRNN(encoder=...) must be a model of mmssl.encoders.wavernn_encoder; "
                f"{encoder.name} has no DualGRU."
            )
        if head_width is not None and head_width < 1:
            raise ValueError(f"WaveRNN(head_width=...) must be 1 or more; got {head_width}.")
        self.recurrence = found[0]
        coarse, fine = encoder.get_layer("bytes").output
        self.coded = keras.Model(
            encoder.input, {"coarse": coarse, "fine": fine, "states": encoder.output["features"]}
        )
        half = self.recurrence.units // 2
        self.hidden = {name: self._dense(half, head_width or half, name) for name in BYTES}
        self.logits = {name: self._last(head_width or half, name) for name in BYTES}

    def _dense(self, width, units, name):
        layer = keras.layers.Dense(units, "relu", name=f"{name}_hidden")
        layer.build((None, width))
        return layer

    def _last(self, width, name):
        # Close to zero, so that the initial predictions are uniform.
        start = keras.initializers.RandomNormal(stddev=0.01)
        layer = keras.layers.Dense(
            LEVELS, kernel_initializer=start, dtype="float32", name=f"{name}_logits"
        )
        layer.build((None, width))
        return layer

    def head(self, name, half):
        """Maps one half of the states (..., units / 2) to the logits of its byte.

        Args:
            name: "coarse" or "fine".
            half: (..., units / 2), the first or the second half of h.

        Returns:
            float32 (..., 256).
        """
        return self.logits[name](self.hidden[name](half))

    def call(self, batch, training=False):
        inputs = {name: batch[name] for name in self.encoder.input}
        outputs = self.coded(inputs, training=training)
        halves = ops.split(outputs["states"], 2, axis=-1)
        logits = {
            f"{name}_logits": self.head(name, half)
            for name, half in zip(BYTES, halves, strict=True)
        }
        return {**outputs, **logits}

    def loss_terms(self, batch, outputs, training):
        weights = _weights(batch)
        total = batch_total(batch, lambda whole: ops.sum(_weights(whole))) + 1e-5
        terms = {
            name: masked_cross_entropy(outputs[f"{name}_logits"], outputs[name], weights)[0] / total
            for name in BYTES
        }
        self.update_metric("bits", sum(terms.values()) / math.log(2))
        return terms

    def validate(self, data):
        """Computes the code length of held-out windows under the model.

        A code of 8-bit mu-law is an interval of 16-bit samples: the probability of the one that the
        next sample lies in is comparable with WaveNet's of the same code.

        Args:
            data: mmssl.pipelines.audio.AudioWindows over the held-out recordings.

        Returns:
            dict: `bits_per_sample` of the samples' 8-bit mu-law codes, `unigram_bits`, the entropy
            of these codes without context, and `bits_per_16_bit_sample`, as in training.
        """
        nats, codes_nats, counts = 0.0, 0.0, np.zeros(LEVELS)
        first, last = mu_law_intervals()
        for batch in data.batches().take(min(len(data), VALIDATION_BATCHES)):
            outputs = self.infer(batch)
            mask = np.asarray(batch["padding_mask"])
            codes = np.asarray(mu_law_encode(batch["waveform"], LEVELS))
            weights = ops.cast(mask, "float32")
            for name in BYTES:
                logits = outputs[f"{name}_logits"]
                nats += float(masked_cross_entropy(logits, outputs[name], weights)[0])
            found = self.interval_nats(outputs, first[codes], last[codes])
            codes_nats += float(np.sum(mask * np.asarray(found)))
            counts += np.bincount(codes[mask > 0], minlength=LEVELS)
        frequencies = counts[counts > 0] / counts.sum()
        return {
            "bits_per_sample": codes_nats / counts.sum() / math.log(2),
            "unigram_bits": float(-np.sum(frequencies * np.log2(frequencies))),
            "bits_per_16_bit_sample": nats / counts.sum() / math.log(2),
        }

    def interval_nats(self, outputs, first, last):
        """Computes -log P(first <= s_t <= last) of the unsigned samples s, given those before.

        Args:
            outputs: what `call` returns.
            first: int32 (B, T), 0 to 65535.
            last: int32 (B, T), `first` to 65535.

        Returns:
            float32 (B, T), in nats.
        """
        states = [outputs["coarse"], outputs["fine"], outputs["states"]]
        fine = [
            self.head("fine", self.recurrence.fine_states(*states, end // LEVELS))
            for end in (first, last)
        ]
        return interval_nats(outputs["coarse_logits"], *fine, first, last)


def mu_law_intervals():
    """Finds the 16-bit samples of every 8-bit mu-law code.

    Returns:
        Pair of int32 (256,): the first and the last unsigned sample, 0 to 65535, of each code.
    """
    samples = np.arange(-FULL_SCALE, FULL_SCALE, dtype="float32") / FULL_SCALE
    codes = np.asarray(mu_law_encode(samples, LEVELS))
    ends = [np.searchsorted(codes, np.arange(LEVELS), side) for side in ("left", "right")]
    return ends[0].astype("int32"), (ends[1] - 1).astype("int32")


def _weights(batch):
    return ops.cast(batch["padding_mask"], "float32")
