"""The base class of autoencoders."""

from typing import Literal

import keras
import numpy as np
from keras import ops

from mmssl.choices import check_choices
from mmssl.decoders import reconstruction_decoder, tied_decoder
from mmssl.encoders import blocks
from mmssl.losses.reconstruction import reconstruction_error
from mmssl.methods.bases.heard import PLAYED, played_pairs
from mmssl.methods.bases.held_out_images import spread_out
from mmssl.methods.bases.pretrainer import Pretrainer
from mmssl.methods.bases.reconstructed import measured, reconstruction_sheet

Error = Literal["cross_entropy", "squared"]
REPORT_IMAGES = 12


def decoder_of(encoder, target_shape, widths=(), tied=False, upsampling=None):
    """Builds the decoder of an autoencoder.

    Args:
        encoder: keras.Model of any modality.
        target_shape: shape of a target, without the batch.
        widths: of the layers before the last, see `mmssl.decoders.reconstruction_decoder`.
        tied: go back through the encoder's dense layers instead, with their weights transposed.
        upsampling: see `mmssl.decoders.reconstruction_decoder`.

    Returns:
        keras.Model from the encoder's features to (B, *target_shape).

    Raises:
        ValueError: there are widths beside `tied`, or no decoder leads from features to targets.
    """
    if not tied:
        features = encoder.output["features"]
        return reconstruction_decoder(features, target_shape, widths, upsampling=upsampling)
    if widths:
        raise ValueError(
            "tied=True goes back through the encoder's layers; got "
            f"decoder_widths={tuple(widths)}, too: set it to []."
        )
    return tied_decoder([encoder.get_layer(name) for name in blocks(encoder)], target_shape)


class Autoencoder(Pretrainer):
    """A method that reconstructs an array, the `target` of a batch, from the encoder's features.

    It knows nothing of the array but its shape: pixels, log-mel frames or the columns of a table.

    Args:
        encoder: keras.Model of any modality.
        decoder: keras.Model from the encoder's features, or from what `call` makes of them, to
            (B, *target_shape), such as `decoder_of` builds.
        error: `cross_entropy` of targets in [0, 1], or `squared`; see
            `mmssl.losses.reconstruction_error`.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: `error` is unknown.
    """

    metric_names = ("reconstruction",)
    splits_batches = True

    def __init__(self, encoder: keras.Model, decoder: keras.Model, error: Error, **kwargs):
        check_choices(Autoencoder.__init__, error=error)
        super().__init__(encoder, **kwargs)
        self.decoder = decoder
        self.error = error

    def call(self, batch, training=False):
        """Encodes and decodes.

        Returns:
            dict of `embedding` (B, D) and `outputs` (B, *target_shape): logits for the
            cross-entropy, values for the squared error.
        """
        encoded = self.encode(batch, training)
        outputs = self.decoder(encoded["features"], training=training)
        return {"embedding": encoded["embedding"], "outputs": outputs}

    def loss_terms(self, batch, outputs, training):
        return {"reconstruction": ops.mean(self.errors(batch, outputs))}

    def errors(self, batch, outputs):
        """Sums the errors of the values of each target.

        Args:
            batch: dict with `target`.
            outputs: dict that `call` returned.

        Returns:
            float32 (B,).
        """
        return reconstruction_error(batch["target"], outputs["outputs"], self.error)

    def reconstruct(self, batch):
        """Reconstructs the targets of a batch.

        Args:
            batch: dict of tensors; `target` is not looked at.

        Returns:
            float32 array (B, *target_shape), in [0, 1] for the cross-entropy.
        """
        return self.values(self.infer(batch)["outputs"])

    def values(self, outputs):
        """Turns outputs of the decoder into values: an array of the same shape."""
        outputs = np.asarray(outputs, "float32")
        return outputs if self.error == "squared" else 1.0 / (1.0 + np.exp(-outputs))

    def validate(self, data):
        """Measures reconstructions of held-out items.

        Args:
            data: pipeline over the held-out items, with `fixed_elements`.

        Returns:
            dict of the figures of `measured`, and of what `compare` adds.
        """
        batches = list(data.fixed_elements(spread_out(data.source)).as_numpy_iterator())
        targets = np.concatenate([batch["target"] for batch in batches])
        restored = np.concatenate([self.reconstruct(batch) for batch in batches])
        return measured(restored, targets) | self.compare(batches, targets)

    def compare(self, batches, targets):
        """Computes further figures of held-out items, for subclasses.

        Args:
            batches: list of dicts of arrays.
            targets: float32 (N, *target_shape), their targets.

        Returns:
            dict from the name of a metric to a float.
        """
        return {}

    def report_images(self, data):
        """Draws rows of what is seen, of reconstructions and of targets.

        Args:
            data: pipeline over the items to show, with `fixed_elements`.

        Returns:
            list of one (title, caption, uint8 (H, W, 3)); empty for waveforms, which are played.
        """
        batch = next(data.fixed_elements(data.source, REPORT_IMAGES).as_numpy_iterator())
        if _is_sound(batch):
            return []
        caption, picture = reconstruction_sheet(batch, self.reconstruct(batch))
        return [("Reconstructions", caption, picture)]

    def report_sounds(self, data):
        """Plays clips beside their reconstructions, where these are waveforms."""
        batch = next(data.fixed_elements(data.source, PLAYED).as_numpy_iterator())
        if not _is_sound(batch):
            return []
        pairs = played_pairs(batch, {"reconstruction": self.reconstruct(batch)})
        return [("Reconstructions", pairs)]


def _is_sound(batch):
    return "waveform" in batch and batch["waveform"].shape == batch["target"].shape
