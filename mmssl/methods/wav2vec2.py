"""wav2vec 2.0: masked frames are told apart by codes that are learned with them."""

import keras
from keras import ops

from mmssl import distribution
from mmssl.layers import GumbelQuantizer
from mmssl.losses.code_diversity import code_diversity, code_perplexity
from mmssl.losses.masked_contrastive import masked_contrastive
from mmssl.methods.bases.masked_frames import MaskedFrames
from mmssl.methods.bases.metric_bounds import MetricBound

DIVERSITY_WEIGHT = 0.1


class Wav2Vec2(MaskedFrames):
    """Masked frames told from distractors (Baevski, Zhou, Mohamed, Auli 2020, arXiv 2006.11477).

    From the context c_t at a masked frame, picks the quantized frame q_t that was masked among K
    distractors, quantized at other masked frames of the same recording:

        loss = -log( exp(cos(c_t, q_t) / T) / sum_{q in {q_t, distractors}} exp(cos(c_t, q) / T) )
               + 0.1 diversity + 10 feature_penalty

    averaged over the masked frames. The quantizer, see GumbelQuantizer, sees the unmasked frames
    before their projection; contexts and quantized frames are projected to be compared. Distractors
    of the positive's own code are left out. `diversity` is the share of the codebook that is not in
    use, see `mmssl.losses.code_diversity`, over the masked frames of the batch; `feature_penalty`
    the mean square of the convolutions' output, see MaskedFrames.

    Batch:
        waveform: float32 (B, T) in [-1, 1].
        padding_mask: int32 (B, T), 1 for samples and 0 for padding after them.
        mask: int32 (B, F), 1 at the frames that are masked.
        distractors: int32 (B, F, K), at each masked frame K other masked frames of its row.
        noise: int32 (B, F), keys of the quantizer's noise.

    Across replicas: the number of masked frames and the codes' probabilities, with gradients.

    Args:
        encoder: keras.Model with stages and a layer `latents`, such as `wav2vec_encoder`.
        projection: channels in which contexts and quantized frames are compared.
        temperature: T, above 0.
        groups: codebooks; an entry of each makes a code.
        entries: V, entries per codebook.
        entry_width: channels of an entry.
        gumbel_temperature: of the quantizer's softmax in the first step.
        final_gumbel_temperature: the lowest.
        gumbel_decay: factor per step.
        target_dropout: rate at which the quantizer's input is dropped.
        min_accuracy: the run stops if the share of masked frames whose target is picked falls below
            this value; chance is 1 / (1 + K).
        min_perplexity: the same for the number of entries in use per codebook.
        bound_after: step from which on these two bounds are enforced.
        loss_weights: see `Pretrainer`; `diversity` has 0.1 and `feature_penalty` 10.
        **kwargs: passed to MaskedFrames.

    Raises:
        ValueError: an argument is out of range, or the encoder lacks a layer.
    """

    metric_names = ("contrastive", "diversity", "feature_penalty", "accuracy", "code_perplexity")

    def __init__(
        self,
        encoder: keras.Model,
        projection: int = 256,
        temperature: float = 0.1,
        groups: int = 2,
        entries: int = 320,
        entry_width: int = 128,
        gumbel_temperature: float = 2.0,
        final_gumbel_temperature: float = 0.5,
        gumbel_decay: float = 0.999995,
        target_dropout: float = 0.1,
        min_accuracy: float = 0.02,
        min_perplexity: float = 4.0,
        bound_after: int = 20_000,
        loss_weights: dict[str, float] | None = None,
        **kwargs,
    ):
        weights = {"diversity": DIVERSITY_WEIGHT, **(loss_weights or {})}
        super().__init__(encoder, loss_weights=weights, **kwargs)
        if temperature <= 0:
            raise ValueError(f"Wav2Vec2(temperature=...) must be above 0; got {temperature}.")
        self.temperature = temperature
        self.least = {"accuracy": min_accuracy, "code_perplexity": min_perplexity}
        self.bound_after = bound_after
        width = encoder.output["features"].shape[-1]
        normed = self.projected.output["normed"].shape[-1]
        self.dropout = keras.layers.Dropout(target_dropout, name="target_dropout")
        self.quantizer = GumbelQuantizer(
            groups,
            entries,
            entry_width,
            gumbel_temperature,
            final_gumbel_temperature,
            gumbel_decay,
            name="quantizer",
        )
        self.quantizer.build((None, None, normed))
        self.context_projection = keras.layers.Dense(projection, name="context_projection")
        self.context_projection.build((None, None, width))
        self.target_projection = keras.layers.Dense(projection, name="target_projection")
        self.target_projection.build((None, None, groups * entry_width))

    def call(self, batch, training=False):
        outputs = self.masked_features(batch, training)
        seen = self.dropout(outputs["normed"], training=training)
        codes = self.quantizer(seen, batch["noise"], training=training)
        return {
            **outputs,
            "contexts": self.context_projection(outputs["features"]),
            "targets": self.target_projection(codes["quantized"]),
            "codes": codes["codes"],
            "probabilities": codes["probabilities"],
        }

    def begin_step(self):
        self.quantizer.advance()

    def loss_terms(self, batch, outputs, training):
        mask = ops.cast(batch["mask"], "float32")
        total = distribution.mean(ops.sum(mask)) + 1e-7
        losses, hits = masked_contrastive(
            outputs["contexts"],
            outputs["targets"],
            batch["distractors"],
            self._joint_codes(outputs["codes"]),
            self.temperature,
        )
        used = ops.one_hot(outputs["codes"], self.quantizer.entries, dtype="float32")
        self.update_metric("accuracy", ops.sum(mask * hits) / total)
        perplexity = code_perplexity(_shares(used, mask, total))
        self.update_metric("code_perplexity", ops.mean(perplexity))
        return {
            "contrastive": ops.sum(mask * losses) / total,
            "diversity": code_diversity(_shares(outputs["probabilities"], mask, total)),
            "feature_penalty": self.penalty(outputs),
        }

    def metric_bounds(self):
        meanings = {
            "accuracy": "contexts do not tell the masked frames apart; lower the learning rate, "
            "or lengthen the warmup",
            "code_perplexity": "few codes are in use and the targets are nearly all the same; "
            "raise method.loss_weights.diversity, or lower the learning rate",
        }
        return {
            name: MetricBound(least, self.bound_after, meanings[name])
            for name, least in self.least.items()
        }

    def _joint_codes(self, codes):
        """Numbers the combinations of entries, int32 (B, F)."""
        places = [self.quantizer.entries**group for group in range(self.quantizer.groups)]
        return ops.sum(codes * ops.convert_to_tensor(places, "int32"), axis=-1)


def _shares(weights, mask, total):
    """Averages (B, F, G, V) over the masked frames of all replicas, (G, V)."""
    return distribution.mean(ops.einsum("bf,bfgv->gv", mask, weights)) / total
