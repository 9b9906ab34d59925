"""VQ-VAE."""

import keras
import numpy as np
from keras import ops

from mmssl.layers import VectorQuantizer, straight_through
from mmssl.losses.code_diversity import code_perplexity
from mmssl.methods.bases.autoencoder import Autoencoder
from mmssl.methods.bases.code_networks import decoder_of_codes, quantized_encoder
from mmssl.methods.bases.code_usage import code_figures, usage_picture
from mmssl.methods.bases.heard import signal_to_noise

LEAST_VARIANCE = 1e-6  # of data that are all the same


class VQVAE(Autoencoder):
    """Vector-quantized autoencoding (van den Oord, Vinyals, Kavukcuoglu 2017, arXiv 1711.00937).

    A linear map of the encoder's features gives a vector at each place, which is replaced with the
    nearest of K entries; the decoder sees only these, and gradients pass to the encoder as if
    nothing had been replaced:

        loss = |x - decoder(z + sg(q - z))|^2 / var + beta |z - sg(q)|^2 [+ |sg(z) - q|^2]

    Squares are means over all values, sg stops gradients, and var is the variance of the data. With
    a `momentum` the entries follow the means of what they replace, and entries that are not used
    begin again (see `mmssl.layers.VectorQuantizer`); without, the last term trains them.

    The encoder that is saved has q as its features. Its embedding is their averages over cells of a
    picture, and of sound it pools them as the given encoder does its own.

    Batch:
        <input>: the encoder's inputs, such as `images` float32 (B, size, size, 3) in [0, 1].
        target: float32 (B, *target_shape), x.

    Across replicas: how often entries are used, the sums of what they replace, and what begins
    again.

    Args:
        encoder: keras.Model with a map of features of a known size, or of sound with a sequence of
            them.
        target_shape: shape of a target, without the batch; it follows the data.
        entries: K, 2 or more.
        entry_width: channels of an entry.
        momentum: see `VectorQuantizer`; None trains the entries.
        restart: see `VectorQuantizer`.
        commitment: beta, 0 or more.
        decoder_width: see `mmssl.decoders.strided_residual_decoder`, as for the next two; of sound,
            `mmssl.decoders.dilated_residual_decoder`.
        decoder_units: number of its residual units.
        decoder_unit_width: channels inside a unit.
        grid: cells per side of a map whose averages the embedding concatenates.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: an argument is out of range, or no decoder leads from features to targets.
    """

    splits_batches = False

    def __init__(
        self,
        encoder: keras.Model,
        target_shape: tuple[int, ...] = (32, 32, 3),
        entries: int = 512,
        entry_width: int = 64,
        momentum: float | None = 0.99,
        restart: float = 1.0,
        commitment: float = 0.25,
        decoder_width: int = 256,
        decoder_units: int = 2,
        decoder_unit_width: int = 256,
        grid: int = 2,
        **kwargs,
    ):
        features = encoder.output["features"]
        if commitment < 0:
            raise ValueError(f"VQVAE(commitment={commitment}) must be 0 or more.")
        trained = momentum is None
        self.metric_names = (
            *("reconstruction", "commitment"),
            *(("codebook",) if trained else ()),
            *("perplexity", "used"),
        )
        sizes = (decoder_width, decoder_units, decoder_unit_width)
        decoder = decoder_of_codes("VQVAE", encoder, entry_width, tuple(target_shape), *sizes)
        weights = {"loss_weights": {"commitment": commitment}}
        super().__init__(encoder, decoder, "squared", **{**weights, **kwargs})
        self.head = keras.layers.Dense(entry_width, dtype="float32", name="vectors")
        self.head.build(features.shape)
        self.quantizer = VectorQuantizer(entries, entry_width, momentum, restart, name="quantizer")
        self.quantizer.build((*features.shape[:-1], entry_width))
        self.grid = grid
        self.variance = self.add_weight(
            (), initializer="ones", trainable=False, autocast=False, name="variance"
        )

    def call(self, batch, training=False):
        """Encodes, quantizes and decodes.

        Returns:
            dict of `vectors` and `quantized` float32 (B, H, W, entry_width), of sound
            (B, T, entry_width), `codes` int32 without the last axis, and `outputs`
            (B, *target_shape).
        """
        vectors = self.head(self.encode(batch, training)["features"])
        found = self.quantizer(vectors)
        seen = straight_through(vectors, found["quantized"]) if training else found["quantized"]
        return {"vectors": vectors, **found, "outputs": self.decoder(seen, training=training)}

    def loss_terms(self, batch, outputs, training):
        vectors, quantized = outputs["vectors"], outputs["quantized"]
        shares = self.quantizer.shares(outputs["codes"])
        self.update_metric("perplexity", code_perplexity(shares[None])[0])
        self.update_metric("used", ops.sum(ops.cast(shares > 0, "float32")))
        squares = ops.square(ops.cast(batch["target"], "float32") - outputs["outputs"])
        terms = {
            "reconstruction": ops.mean(squares) / self.variance,
            "commitment": ops.mean(ops.square(vectors - ops.stop_gradient(quantized))),
        }
        if self.quantizer.momentum is None:
            terms["codebook"] = ops.mean(ops.square(ops.stop_gradient(vectors) - quantized))
        elif training:
            self.quantizer.update(vectors, outputs["codes"])
        return terms

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

    def export_encoder(self):
        """Returns the encoder with its features quantized; layers are shared."""
        vectors = self.head(self.encoder.output["features"])
        return quantized_encoder(self.encoder, self.quantizer(vectors)["quantized"], self.grid)

    def encode_indices(self, batch):
        """Encodes examples as codes.

        Args:
            batch: dict of the encoder's inputs.

        Returns:
            int32 array (B, H, W), of sound (B, T).
        """
        return ops.convert_to_numpy(self.infer(batch)["codes"])

    def lookup(self, codes):
        """Returns the entries of codes, int32 (B, ...): float32 (B, ..., entry_width)."""
        return self.quantizer.lookup(ops.convert_to_tensor(codes, "int32"))

    def decode(self, quantized):
        """Decodes entries of the codebook, (B, ..., entry_width): float32 (B, *target_shape)."""
        return ops.convert_to_numpy(self.decoder(quantized, training=False))

    def compare(self, batches, targets):
        """Computes how well held-out items are rebuilt, and how many entries that takes.

        Returns:
            dict: `relative_error`, the squared error over the variance of the targets;
            `perplexity` and `used`, of the codes of all items; of sound `snr`, the signal-to-noise
            ratio in dB.
        """
        found = [self.infer(batch) for batch in batches]
        restored = np.concatenate([np.asarray(out["outputs"]) for out in found])
        error = np.mean(np.square(restored - targets), dtype="float64")
        codes = np.concatenate([np.asarray(out["codes"]) for out in found])
        relative = float(error / max(targets.var(dtype="float64"), LEAST_VARIANCE))
        figures = {"relative_error": relative, **code_figures(codes, self.quantizer.entries)}
        if "waveform" in batches[0]:
            mask = np.concatenate([batch["padding_mask"] for batch in batches])
            figures["snr"] = signal_to_noise(restored, targets, mask)
        return figures

    def report_images(self, data):
        """Draws reconstructions, and how often each entry is used.

        Args:
            data: pipeline over the items to show, with `fixed_elements`.

        Returns:
            list of two (title, caption, uint8 (H, W, 3)).
        """
        batches = data.fixed_elements(data.source).take(8).as_numpy_iterator()
        codes = np.concatenate([self.encode_indices(batch) for batch in batches])
        return [*super().report_images(data), usage_picture(codes, self.quantizer.entries)]
