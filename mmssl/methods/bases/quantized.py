"""What autoencoders share whose decoder sees entries of a codebook: VQ-VAE and VQ-VAE-2."""

import numpy as np
from keras import ops

from mmssl.methods.bases.autoencoder import Autoencoder
from mmssl.methods.bases.code_usage import usage_figures, usage_pictures
from mmssl.methods.bases.heard import signal_to_noise
from mmssl.methods.bases.reconstructed import LEAST_VARIANCE, fidelity
from mmssl.methods.bases.tokenizer import Tokenizer


class QuantizedAutoencoder(Tokenizer, Autoencoder):
    """An autoencoder that replaces vectors with the nearest entries, at one level or several.

        loss = |x - outputs|^2 / var + beta sum_levels |z - sg(q)|^2 [+ |sg(z) - q|^2]

    A subclass builds `quantizer` and returns `vectors` z, `quantized` q, `codes` and `outputs` from
    `call`. The last term is there where a quantizer has no `momentum`.

    Args:
        encoder: keras.Model.
        decoder: keras.Model from entries to (B, *target_shape).
        commitment: beta, 0 or more.
        momentum: see `mmssl.layers.VectorQuantizer`.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: `commitment` is below 0.
    """

    splits_batches = False

    def __init__(self, encoder, decoder, commitment, momentum, **kwargs):
        if commitment < 0:
            raise ValueError(f"{type(self).__name__}(commitment={commitment}) must be 0 or more.")
        trained = ("codebook",) if momentum is None else ()
        self.metric_names = (*self.metric_names, "commitment", *trained, *self.usage_names())
        weights = {"loss_weights": {"commitment": commitment}}
        super().__init__(encoder, decoder, "squared", **{**weights, **kwargs})
        self.variance = self.add_weight(
            (), initializer="ones", trainable=False, autocast=False, name="variance"
        )

    def loss_terms(self, batch, outputs, training):
        self.count_codes(outputs["codes"])
        squares = ops.square(ops.cast(batch["target"], "float32") - outputs["outputs"])
        terms = {"reconstruction": ops.mean(squares) / self.variance}
        return {**terms, **self.codebook_terms(outputs, training)}

    def adapt(self, batches, examples=4096):
        """Computes the variance of the data, by which errors are divided.

        Args:
            batches: tf.data.Dataset of training batches.
            examples: number of targets to use.
        """
        sums, seen = np.zeros(3), 0
        for batch in batches:
            targets = ops.convert_to_numpy(batch["target"]).astype("float64")
            sums += targets.size, targets.sum(), np.square(targets).sum()
            seen += len(targets)
            if seen >= examples:
                break
        count, total, squares = sums
        self.variance.assign(max(squares / count - (total / count) ** 2, LEAST_VARIANCE))

    def compare(self, batches, targets):
        """Computes how well held-out items are rebuilt, and how many entries that takes.

        Returns:
            dict: the figures of `fidelity`; `perplexity` and `used`, of the codes of all items, of
            each level; of sound `snr`, the signal-to-noise ratio in dB.
        """
        found = [self.infer(batch) for batch in batches]
        figures = self.figures(found, targets)
        if "waveform" in batches[0]:
            restored = np.concatenate([out["outputs"] for out in found])
            mask = np.concatenate([batch["padding_mask"] for batch in batches])
            figures["snr"] = signal_to_noise(restored, targets, mask)
        return figures

    def figures(self, found, targets):
        """Computes the figures of `compare` of any data; subclasses have more.

        Args:
            found: list of what `call` returned of batches, dicts of arrays.
            targets: float32 (N, *target_shape).

        Returns:
            dict from the name of a metric to a float.
        """
        restored = np.concatenate([out["outputs"] for out in found])
        codes = [out["codes"] for out in found]
        return {**fidelity(restored, targets), **usage_figures(codes, self.entries)}

    def report_images(self, data):
        """Draws reconstructions, and how often each entry is used.

        Args:
            data: pipeline over the items to show, with `fixed_elements`.

        Returns:
            list of (title, caption, uint8 (H, W, 3)): the reconstructions, and a picture a level.
        """
        batches = data.fixed_elements(data.source).take(8).as_numpy_iterator()
        codes = [self.encode_indices(batch) for batch in batches]
        return [*super().report_images(data), *usage_pictures(codes, self.entries)]
