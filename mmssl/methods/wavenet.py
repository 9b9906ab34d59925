"""WaveNet: autoregressive prediction of raw audio."""

import math

import keras
import numpy as np
from keras import ops

from mmssl.losses.masked_cross_entropy import masked_cross_entropy
from mmssl.methods.bases import Pretrainer
from mmssl.methods.bases.parts import batch_total

VALIDATION_BATCHES = 256


class WaveNet(Pretrainer):
    """Prediction of the next sample (van den Oord et al. 2016, arXiv 1609.03499).

    Predicts every sample's mu-law code from the codes before it by a softmax over all levels:

        loss = -mean_{b, t} log softmax(logits_{b, t})[code_{b, t+1}]

    The encoder sees codes up to t; the shift by one sample happens only here. The first codes of a
    window have little context and count like all others.

    Batch:
        waveform: float32 (B, T) in [-1, 1].
        padding_mask: int32 (B, T), 1 for samples, 0 for padding, which is not predicted.
        speaker: int32 (B,), if the encoder is conditioned on it.
        log_mel: float32 (B, F, num_mel_bins), if the encoder is conditioned on it.

    Across replicas: the number of samples that count.

    Args:
        encoder: keras.Model of `mmssl.encoders.wavenet_encoder()`.
        head_width: channels of the 1x1 convolution before the logits; None for as many as the skip
            connections have.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: the encoder is not a WaveNet.
    """

    splits_batches = True
    metric_names = ("nats", "bits", "accuracy")

    def __init__(self, encoder: keras.Model, head_width: int | None = None, **kwargs):
        super().__init__(encoder, **kwargs)
        if "codes" not in (layer.name for layer in encoder.layers):
            raise ValueError(
                "WaveNet(encoder=...) must be a model of mmssl.encoders.wavenet_encoder; "
                f"{encoder.name} computes no codes."
            )
        codes, features = encoder.get_layer("codes"), encoder.output["features"]
        self.levels = codes.levels
        self.coded = keras.Model(encoder.input, {"codes": codes.output, "features": features})
        skip = features.shape[-1]
        self.hidden = keras.layers.Dense(head_width or skip, "relu", name="hidden")
        self.hidden.build((None, skip))
        # Close to zero, so that the initial predictions are uniform.
        self.logits = keras.layers.Dense(
            self.levels,
            kernel_initializer=keras.initializers.RandomNormal(stddev=0.01),
            dtype="float32",
            name="logits",
        )
        self.logits.build((None, self.hidden.units))

    def head(self, features):
        """Maps features (..., skip_channels) to logits float32 (..., levels) of the next code."""
        return self.logits(self.hidden(ops.relu(features)))

    def call(self, batch, training=False):
        missing = set(self.encoder.input) - set(batch)
        if missing:
            raise ValueError(
                f"The encoder takes {', '.join(sorted(missing))}, which the batch lacks: build it "
                "with mmssl.pipelines.audio.ConditionedWindows."
            )
        inputs = {name: batch[name] for name in self.encoder.input}
        outputs = self.coded(inputs, training=training)
        return {"codes": outputs["codes"], "logits": self.head(outputs["features"])}

    def loss_terms(self, batch, outputs, training):
        weights = _targets(batch)
        total = batch_total(batch, lambda whole: ops.sum(_targets(whole))) + 1e-5
        loss, hits = masked_cross_entropy(
            outputs["logits"][:, :-1], outputs["codes"][:, 1:], weights
        )
        self.update_metric("accuracy", hits / total)
        self.update_metric("bits", loss / total / math.log(2))
        return {"nats": loss / total}

    def validate(self, data):
        """Computes the code length of held-out windows under the model.

        Args:
            data: mmssl.pipelines.audio.AudioWindows over the held-out recordings.

        Returns:
            dict: `bits_per_sample`, and `unigram_bits`, the entropy of the same codes without
            context.
        """
        loss, counts = 0.0, np.zeros(self.levels)
        for batch in data.batches().take(min(len(data), VALIDATION_BATCHES)):
            outputs = self.infer(batch)
            codes, mask = outputs["codes"][:, 1:], batch["padding_mask"][:, 1:]
            weights = ops.cast(mask, "float32")
            loss += float(masked_cross_entropy(outputs["logits"][:, :-1], codes, weights)[0])
            counts += np.bincount(np.asarray(codes)[np.asarray(mask) > 0], minlength=self.levels)
        frequencies = counts[counts > 0] / counts.sum()
        return {
            "bits_per_sample": loss / counts.sum() / math.log(2),
            "unigram_bits": float(-np.sum(frequencies * np.log2(frequencies))),
        }


def _targets(batch):
    """Weights of what is predicted, all but the first of each example: 0 for padding."""
    return ops.cast(batch["padding_mask"][:, 1:], "float32")
