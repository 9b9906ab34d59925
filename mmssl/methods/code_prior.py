"""The prior over codes: an autoregressive model of what a tokenizer writes."""

import math

import keras
import numpy as np
from keras import ops

from mmssl.losses.masked_cross_entropy import masked_cross_entropy
from mmssl.methods.bases.counted import entropy
from mmssl.methods.bases.held_out_images import spread_out
from mmssl.methods.bases.pretrainer import Pretrainer
from mmssl.methods.bases.requirements import required_layer

BATCH = 64  # items that are measured at once


class CodePrior(Pretrainer):
    """Prediction of the next code (Dhariwal et al. 2020, arXiv 2005.00341).

    With codes z of one level of a tokenizer, in a row or in a map that is read row by row,

        loss = -mean_{b, t} log2 p(z_t | z_{<t}, upper codes, labels)

    in bits a code. The shift by one place is the encoder's.

    Batch:
        codes: int32 (B, *code_shape).
        upper_codes: int32 (B, *upper_shape), of the level above, if the encoder takes them.
        labels: int32 (B, kinds), 0 for unknown, if the encoder takes them.

    Args:
        encoder: keras.Model of `mmssl.encoders.code_transformer()`.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: the encoder is another one.
    """

    splits_batches = True
    metric_names = ("bits", "accuracy")

    def __init__(self, encoder: keras.Model, **kwargs):
        super().__init__(encoder, **kwargs)
        shifted = required_layer("CodePrior", encoder, "shifted", "mmssl.encoders.code_transformer")
        self.entries = shifted.entries
        # Close to zero, so that the initial predictions are uniform.
        initial = keras.initializers.RandomNormal(stddev=0.01)
        self.logits = keras.layers.Dense(
            self.entries, kernel_initializer=initial, dtype="float32", name="logits"
        )
        self.logits.build((None, shifted.width))

    def call(self, batch, training=False):
        """Returns the logits of every code: float32 (B, T, K)."""
        return self.logits(self.encode(batch, training)["features"])

    def loss_terms(self, batch, outputs, training):
        bits, hits = self._bits(batch, outputs)
        self.update_metric("accuracy", hits)
        return {"bits": bits}

    def _bits(self, batch, logits):
        """Averages over codes: their length in bits, and whether they were the likeliest."""
        rows, places, _ = ops.shape(logits)
        codes = ops.reshape(batch["codes"], (rows, places))
        loss, hits = masked_cross_entropy(logits, codes, ops.ones((rows, places)))
        count = ops.cast(rows * places, "float32")
        return loss / count / math.log(2), hits / count

    def validate(self, data):
        """Measures the length of held-out codes.

        Args:
            data: mmssl.pipelines.codes.Codes over the held-out items.

        Returns:
            dict: `bits`, a code; `unigram_bits`, the entropy of the same codes without context;
            and, where a level above conditions these, `bits_given_others`, with the upper codes of
            another item in place of an example's own.
        """
        batches = list(data.fixed_elements(spread_out(data.source), BATCH).as_numpy_iterator())
        codes = np.concatenate([batch["codes"] for batch in batches])
        figures = {
            "bits": self._held_out_bits(batches),
            "unigram_bits": entropy(np.bincount(codes.ravel())) / math.log(2),
        }
        if "upper_codes" in self.encoder.input:
            upper = np.roll(np.concatenate([batch["upper_codes"] for batch in batches]), 1, axis=0)
            parts = np.split(upper, np.cumsum([len(batch["codes"]) for batch in batches])[:-1])
            others = [
                {**batch, "upper_codes": part} for batch, part in zip(batches, parts, strict=True)
            ]
            figures["bits_given_others"] = self._held_out_bits(others)
        return figures

    def _held_out_bits(self, batches):
        rows = [len(batch["codes"]) for batch in batches]
        bits = [float(self._bits(batch, self.infer(batch))[0]) for batch in batches]
        return float(np.average(bits, weights=rows))
