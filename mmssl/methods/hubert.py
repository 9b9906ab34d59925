"""HuBERT: the unit of sound of each masked frame."""

import keras
from keras import ops

from mmssl.losses.masked_cross_entropy import masked_cross_entropy
from mmssl.losses.parts.similarity import l2_normalize
from mmssl.methods.bases.masked_frames import MaskedFrames
from mmssl.methods.bases.parts import batch_total


class HuBERT(MaskedFrames):
    """Units of masked frames (Hsu, Bolte, Tsai et al. 2021, arXiv 2106.07447).

    From the context o_t at a masked frame, predicts its unit, a cluster of frames that was found
    beforehand, by the cosine with an embedding e_c of each unit:

        p(c | t) = softmax_c( cos(A o_t, e_c) / T );    masked = -mean_{masked t} log p(z_t | t)

    `unmasked` is the same at the other frames. It has no part in the loss unless `loss_weights`
    gives it one: with units of MFCCs that costs accuracy, in the paper. Frames without a unit do
    not count. `feature_penalty` is the mean square of the convolutions' output, see MaskedFrames.

    Batch:
        waveform: float32 (B, T) in [-1, 1].
        padding_mask: int32 (B, T), 1 for samples and 0 for padding after them.
        mask: int32 (B, F), 1 at the frames that are masked.
        units: int32 (B, F), the unit of each frame, -1 for none.

    Across replicas: the numbers of masked and of unmasked frames.

    Args:
        encoder: keras.Model with stages and a layer `latents`, such as `wav2vec_encoder`.
        clusters: number of units, 2 or more; the data's.
        projection: channels in which contexts and units are compared.
        temperature: T, above 0.
        loss_weights: see `Pretrainer`; `unmasked` has 0 and `feature_penalty` 10.
        **kwargs: passed to MaskedFrames.

    Raises:
        ValueError: an argument is out of range, or the encoder lacks a layer.
    """

    splits_batches = True
    metric_names = ("masked", "unmasked", "feature_penalty", "accuracy")

    def __init__(
        self,
        encoder: keras.Model,
        clusters: int = 100,
        projection: int = 256,
        temperature: float = 0.1,
        loss_weights: dict[str, float] | None = None,
        **kwargs,
    ):
        super().__init__(encoder, loss_weights={"unmasked": 0.0, **(loss_weights or {})}, **kwargs)
        if clusters < 2:
            raise ValueError(f"HuBERT(clusters=...) must be 2 or more; got {clusters}.")
        if temperature <= 0:
            raise ValueError(f"HuBERT(temperature=...) must be above 0; got {temperature}.")
        self.temperature = temperature
        self.projection = keras.layers.Dense(projection, name="projection")
        self.projection.build((None, None, encoder.output["features"].shape[-1]))
        # Uniform in [0, 1), as in the official code: alike at first, so that the loss is ln C.
        self.units = self.add_weight(
            shape=(clusters, projection),
            initializer=keras.initializers.RandomUniform(0.0, 1.0),
            name="units",
        )

    def call(self, batch, training=False):
        outputs = self.masked_features(batch, training)
        return {**outputs, "projected": self.projection(outputs["features"])}

    def loss_terms(self, batch, outputs, training):
        contexts = l2_normalize(ops.cast(outputs["projected"], "float32"))
        units = l2_normalize(ops.cast(self.units, "float32"))
        logits = ops.matmul(contexts, ops.transpose(units)) / self.temperature
        terms = {}
        for name, at in (("masked", _masked), ("unmasked", _unmasked)):
            total = batch_total(batch, lambda whole, at=at: ops.sum(at(whole))) + 1e-7
            ids = ops.maximum(batch["units"], 0)
            loss, hits = masked_cross_entropy(logits, ids, at(batch))
            terms[name] = loss / total
            if name == "masked":
                self.update_metric("accuracy", hits / total)
        return {**terms, "feature_penalty": self.penalty(outputs)}


def _masked(batch):
    return _known(batch) * ops.cast(batch["mask"] > 0, "float32")


def _unmasked(batch):
    return _known(batch) * ops.cast(batch["mask"] == 0, "float32")


def _known(batch):
    return ops.cast(batch["units"] >= 0, "float32")
