"""Contrastive predictive coding."""

import keras
from keras import ops

from mmssl import distribution
from mmssl.encoders import blocks
from mmssl.losses.info_nce import future_info_nce
from mmssl.methods.bases import Pretrainer

LAST_BLOCKS = 2  # that of the latents and that of the contexts


class CPC(Pretrainer):
    """Contrastive predictive coding (van den Oord, Li, Vinyals 2018, arXiv 1807.03748).

    From the context c_t, classifies the latent z_{t+k} that follows k frames later among a pool of
    latents, for k = 1 ... K, with one linear map W_k per step. A frame is a moment of a recording,
    or a sentence of a text:

        f_k(z, c_t) = exp(z . W_k c_t)
        loss = -mean_{k, t} log f_k(z_{t+k}, c_t) / (f_k(z_{t+k}, c_t) + sum_j f_k(z_j, c_t))

    The pool consists of `num_negatives` frames of every sequence of the batch, so negatives come
    from the same sequence (which teaches what changes within it) and from others; the positive
    itself is excluded. Padding frames are neither positives nor negatives. The score is a dot
    product over channels, as in the paper, divided by `temperature`, which is 1 there.

    Batch:
        waveform: float32 (B, T) in [-1, 1]; or token_ids: int32 (B, T), for sentences; or frames:
            float32 (B, T, H, W, C) in [0, 1], of episodes.
        padding_mask: int32 (B, T), 1 for samples or tokens and 0 for padding after them; episodes
            have none.

    Across replicas: the pool is gathered, and the number of positives averaged.

    Args:
        encoder: keras.Model whose last block is the context network, whose second-to-last block
            outputs the latents and whose `pool` takes the mask of frames, such as
            `mmssl.encoders.cpc_encoder()` or `sentence_encoder()`.
        prediction_steps: K, in frames; 12 in the paper, 3 for sentences.
        num_negatives: evenly spaced frames that each sequence contributes to the pool; None for
            all.
        temperature: divides the scores; above 0.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: an argument is out of range.
    """

    metric_names = ("info_nce", "accuracy")

    def __init__(
        self,
        encoder: keras.Model,
        prediction_steps: int = 12,
        num_negatives: int | None = None,
        temperature: float = 1.0,
        **kwargs,
    ):
        super().__init__(encoder, **kwargs)
        if prediction_steps < 1:
            raise ValueError(
                f"CPC(prediction_steps=...) must be at least 1; got {prediction_steps}."
            )
        if temperature <= 0:
            raise ValueError(f"CPC(temperature=...) must be above 0; got {temperature}.")
        self.prediction_steps = prediction_steps
        self.num_negatives = num_negatives
        self.temperature = temperature

        found = [encoder.get_layer(name) for name in blocks(encoder)[-LAST_BLOCKS:]]
        if len(found) < LAST_BLOCKS or not isinstance(found[-1], keras.layers.RNN):
            raise ValueError(
                "CPC(encoder=...) needs two last blocks, for latents and for contexts that a "
                "recurrent layer makes of them, as of mmssl.encoders.cpc_encoder; "
                f"{encoder.name} takes {' and '.join(encoder.input)} and has "
                f"{len(blocks(encoder))} blocks."
            )
        latents = found[0].output
        _, kept = encoder.get_layer("pool").input
        self.latents_and_contexts = keras.Model(
            encoder.input,
            {"latents": latents, "contexts": encoder.output["features"], "kept": kept},
        )
        self.build_predictors(latents.shape[-1], encoder.output["features"].shape[-1])

    def build_predictors(self, width, context_width):
        """Builds what `predict_ahead` needs.

        Args:
            width: of a latent.
            context_width: of a context.
        """
        self.predictors = keras.layers.Dense(
            self.prediction_steps * width, use_bias=False, name="predictors"
        )
        self.predictors.build((None, None, context_width))

    def predict_ahead(self, contexts, batch):
        """Predicts the latents that follow each context.

        Args:
            contexts: (B, T, C).
            batch: dict of tensors.

        Returns:
            (B, T, K * width), the latents of 1 to K frames ahead.
        """
        return self.predictors(contexts)

    def call(self, batch, training=False):
        inputs = {name: batch[name] for name in self.encoder.input}
        outputs = self.latents_and_contexts(inputs, training=training)
        return {**outputs, "predictions": self.predict_ahead(outputs["contexts"], batch)}

    def loss_terms(self, batch, outputs, training):
        latents = ops.cast(outputs["latents"], "float32")
        _, frames, width = latents.shape
        if frames <= self.prediction_steps:
            raise ValueError(
                f"CPC predicts {self.prediction_steps} frames ahead, but a window has only "
                f"{frames}: use longer windows or fewer prediction_steps."
            )
        predictions = ops.cast(outputs["predictions"], "float32") / self.temperature
        predictions = ops.reshape(predictions, (-1, frames, self.prediction_steps, width))
        kept = ops.cast(outputs["kept"], "float32")
        pool = self._pool(latents, kept)
        ahead = range(1, self.prediction_steps + 1)
        weights = _weights([kept[:, k:] for k in ahead])
        losses, accuracies = zip(
            *(
                _step(predictions[:, :-k, k - 1], latents[:, k:], weights[k - 1], pool, k)
                for k in ahead
            ),
            strict=True,
        )
        self.update_metric("accuracy", sum(accuracies) / self.prediction_steps)
        return {"info_nce": sum(losses) / self.prediction_steps}

    def _pool(self, latents, kept):
        """Gathers negatives (N, C), the row and frame of each, and which of them are padding."""
        _, frames, width = latents.shape
        size = min(self.num_negatives or frames, frames)
        chosen = [i * frames // size for i in range(size)]
        pool = distribution.gather(ops.take(latents, chosen, axis=1))
        kept = distribution.gather(ops.take(kept, chosen, axis=1))
        rows = ops.shape(pool)[0]
        return (
            ops.reshape(pool, (-1, width)),
            ops.repeat(ops.arange(rows), size),
            ops.tile(ops.convert_to_tensor(chosen), [rows]),
            ops.reshape(kept, (-1,)) == 0,
        )


def _weights(kept):
    """Scales each of several masks to a mean of one over all replicas, in one reduction."""
    fractions = distribution.mean([ops.mean(mask) for mask in kept])
    return [mask / ops.maximum(part, 1e-7) for mask, part in zip(kept, fractions, strict=True)]


def _step(predictions, positives, weights, pool, k):
    """Computes loss and accuracy of the predictions k frames ahead."""
    negatives, row, frame, padding = pool
    batch, anchors, width = ops.shape(positives)
    own_row = ops.arange(batch) + distribution.first_row(batch)
    same_row = own_row[:, None, None] == row
    same_frame = (ops.arange(anchors) + k)[None, :, None] == frame
    excluded = ops.logical_or(ops.logical_and(same_row, same_frame), padding)
    return future_info_nce(
        ops.reshape(predictions, (-1, width)),
        ops.reshape(positives, (-1, width)),
        negatives,
        ops.reshape(excluded, (batch * anchors, -1)),
        ops.reshape(weights, (-1,)),
    )
