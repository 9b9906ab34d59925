"""The base of wav2vec 2.0 and HuBERT: contexts of speech whose frames are masked."""

import keras
from keras import ops

from mmssl.encoders.parts import stages
from mmssl.layers import MaskToken
from mmssl.methods.bases.pretrainer import Pretrainer

PENALTY = "feature_penalty"
PENALTY_WEIGHT = 10.0


class MaskedFrames(Pretrainer):
    """Masks projected frames with a learned vector and runs the transformer over all of them.

    The frames that the convolutions make are penalized by 10 times their mean square, before they
    are normalized, and their gradient is scaled down, both as in the official code of BASE. The
    mean square is over the frames inside a recording, and then over the recordings.

    Batch:
        waveform, padding_mask: see `mmssl.encoders.wav2vec_encoder`.
        mask: int32 (B, F), 1 at the frames that are masked; never at padding.

    Args:
        encoder: keras.Model with stages and a layer `latents`, see `mmssl.encoders.parts.stages`.
        feature_gradient: factor of the convolutions' gradient, 0 or more; 0.1 in BASE.
        loss_weights: see `Pretrainer`; `feature_penalty` has 10.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: an argument is out of range, or the encoder lacks a layer.
    """

    def __init__(
        self,
        encoder: keras.Model,
        feature_gradient: float = 0.1,
        loss_weights: dict[str, float] | None = None,
        **kwargs,
    ):
        weights = {PENALTY: PENALTY_WEIGHT, **(loss_weights or {})}
        super().__init__(encoder, loss_weights=weights, **kwargs)
        if feature_gradient < 0:
            raise ValueError(
                f"{type(self).__name__}(feature_gradient=...) must be 0 or more; got "
                f"{feature_gradient}."
            )
        self.feature_gradient = feature_gradient
        self.latents, self.projected = stages.latents(encoder), stages.projected(encoder)
        self.positions, self.context = stages.positions(encoder), stages.context(encoder)
        width = encoder.output["features"].shape[-1]
        self.mask_token = MaskToken(name="mask_token")
        self.mask_token.build([(None, None, width), (None, None)])

    def masked_features(self, batch, training=False):
        """Runs the encoder on a batch, with its masked frames replaced.

        Args:
            batch: dict of tensors.
            training: whether dropout is on.

        Returns:
            dict of `latents` (B, F, C), what the convolutions make of the frames, unmasked;
            `normed` (B, F, C), the same normalized; `token_mask` int32 (B, F), 1 for frames inside
            the recording; `features` (B, F, width), the last block's output.
        """
        inputs = {name: batch[name] for name in self.encoder.input}
        found = self.latents(inputs, training=training)
        latents = _scaled_gradient(found["latents"], self.feature_gradient)
        local = self.projected({**found, "latents": latents}, training=training)
        masked = {
            "tokens": self.mask_token([local["tokens"], batch["mask"]]),
            "token_mask": found["token_mask"],
        }
        positioned = self.positions(masked, training=training)
        return {
            "latents": latents,
            "normed": local["normed"],
            "token_mask": found["token_mask"],
            "features": self.context(positioned, training=training)["features"],
        }

    def penalty(self, outputs):
        """Computes the mean square of the convolutions' frames, a float32 scalar."""
        inside = ops.cast(outputs["token_mask"], "float32")
        squares = ops.mean(ops.square(ops.cast(outputs["latents"], "float32")), axis=-1)
        frames = ops.maximum(ops.sum(inside, axis=1), 1.0)
        return ops.mean(ops.sum(inside * squares, axis=1) / frames)


def _scaled_gradient(x, factor):
    fixed = ops.stop_gradient(x)
    return fixed + factor * (x - fixed)
