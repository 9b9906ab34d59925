"""Variational autoencoders."""

import math
from typing import Literal

import keras
import numpy as np
from keras import ops

from mmssl import distribution
from mmssl.choices import check_choices
from mmssl.decoders import latent_decoder
from mmssl.losses.gaussian_divergence import gaussian_divergence
from mmssl.methods.bases.autoencoder import REPORT_IMAGES, Autoencoder, Error
from mmssl.methods.bases.held_out_images import sheet
from mmssl.methods.bases.reconstructed import as_pictures

LOG_VARIANCE = (-10.0, 10.0)  # range it is held in
ACTIVE = 0.1  # nats of a latent that says something
SAMPLES, SEED = 3, 0  # rows of samples in the report, and of what they are drawn with


class VariationalAutoencoder(Autoencoder):
    """Variational autoencoders (Kingma, Welling 2013, arXiv 1312.6114).

    Encodes an example as a distribution q(z|x) = N(mu, sigma^2), and decodes a sample of it:

        loss = mean_b ( -log p(x|z) + beta sum_k KL(q(z_k|x) || N(0, 1)) ),    z = mu + sigma u

    u is noise of the batch, so that a step is a function of batch and weights. -log p(x|z) is the
    cross-entropy summed over the D values of x or, with the squared error,
    |x - decoder(z)|^2 / (2 s^2) + D/2 log(2 pi s^2). With beta 1 the loss bounds -log p(x) from
    above. With free bits (Kingma et al. 2016, arXiv 1606.04934) a latent's mean divergence costs
    `free_bits` at least: sum_k max(free_bits, mean_b KL_k).

    The encoder that is saved has mu as its embedding.

    Batch:
        <input>: the encoder's inputs, such as `images` float32 (B, H, W, 3) in [0, 1].
        target: float32 (B, *target_shape), x.
        noise: float32 (B, latents), u, standard normal.

    Across replicas: with free bits the mean divergences, with gradients; the statistics of batch
    norm.

    Args:
        encoder: keras.Model with features of a fixed size.
        target_shape: shape of a target, without the batch; it follows the data.
        latents: number of z; it follows the data.
        decoder_widths: see `mmssl.decoders.latent_decoder`, as for the next one.
        activation: of every layer of the decoder but the last.
        upsampling: see `mmssl.decoders.reconstruction_decoder`.
        error: see `Autoencoder`.
        deviation: s, of the squared error, above 0.
        beta: weight of the divergence, 0 or more.
        free_bits: nats of each latent, 0 or more.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: an argument is out of range, or no decoder leads from features to targets.
    """

    metric_names = ("reconstruction", "divergence", "active_latents")

    def __init__(
        self,
        encoder: keras.Model,
        target_shape: tuple[int, ...] = (28, 28, 1),
        latents: int = 20,
        decoder_widths: tuple[int, ...] = (),
        activation: Literal["relu", "tanh", "sigmoid"] = "relu",
        upsampling: int | None = None,
        error: Error = "cross_entropy",
        deviation: float = 0.1,
        beta: float = 1.0,
        free_bits: float = 0.0,
        **kwargs,
    ):
        check_choices(VariationalAutoencoder.__init__, activation=activation)
        if latents < 1 or deviation <= 0 or beta < 0 or free_bits < 0:
            raise ValueError(
                "VariationalAutoencoder needs latents from 1, a deviation above 0, beta and "
                f"free_bits from 0; got {latents}, {deviation}, {beta} and {free_bits}."
            )
        features, weights = encoder.output["features"], {"loss_weights": {"divergence": beta}}
        decoder = latent_decoder(
            latents, features, target_shape, decoder_widths, activation, upsampling
        )
        super().__init__(encoder, decoder, error, **{**weights, **kwargs})
        self.latents, self.deviation, self.free_bits = latents, deviation, free_bits
        self.splits_batches = not free_bits
        self.mean, self.log_variance = (
            _code(features.shape[1:], latents, name) for name in ("mean", "log_variance")
        )

    def call(self, batch, training=False):
        """Encodes an example, samples its code and decodes that.

        Returns:
            dict of `mean` and `log_variance` (B, latents), and `outputs` (B, *target_shape).
        """
        features = self.encode(batch, training)["features"]
        mean, log_variance = (
            self.mean(features),
            ops.clip(self.log_variance(features), *LOG_VARIANCE),
        )
        code = mean + ops.exp(0.5 * log_variance) * batch["noise"]
        outputs = self.decoder(code, training=training)
        return {"mean": mean, "log_variance": log_variance, "outputs": outputs}

    def loss_terms(self, batch, outputs, training):
        divergences = gaussian_divergence(outputs["mean"], outputs["log_variance"])
        each = ops.mean(divergences, axis=0)
        if self.free_bits:
            each = distribution.mean(each)
        self.update_metric("active_latents", ops.sum(ops.cast(each > ACTIVE, "float32")))
        counted = ops.maximum(each, self.free_bits) if self.free_bits else each
        return {**super().loss_terms(batch, outputs, training), "divergence": ops.sum(counted)}

    def errors(self, batch, outputs):
        errors = super().errors(batch, outputs)
        if self.error == "cross_entropy":
            return errors
        variance = self.deviation**2
        constant = 0.5 * math.prod(self.decoder.output.shape[1:]) * math.log(2 * math.pi * variance)
        return errors / (2 * variance) + constant

    def export_encoder(self):
        """Returns the encoder with mu as its embedding; layers are shared."""
        features = self.encoder.output["features"]
        outputs = {"features": features, "embedding": self.mean(features)}
        return keras.Model(self.encoder.input, outputs, name=f"{self.encoder.name}_mean")

    def compare(self, batches, targets):
        """Computes the variational bound of held-out items, with one sample of noise each.

        Returns:
            dict: `bound`, on -log p(x) in nats an item, what beta and free bits are left out of;
            `divergence`, the part of it that the code costs; `active_latents`, those whose mean
            divergence is above 0.1 nats.
        """
        found = [(batch, self.infer(batch)) for batch in batches]
        errors = np.concatenate([np.asarray(self.errors(batch, out)) for batch, out in found])
        divergences = np.concatenate(
            [np.asarray(gaussian_divergence(out["mean"], out["log_variance"])) for _, out in found]
        )
        each = divergences.mean(axis=0)
        return {
            "bound": float(errors.mean() + each.sum()),
            "divergence": float(each.sum()),
            "active_latents": float((each > ACTIVE).sum()),
        }

    def sample(self, codes):
        """Decodes codes.

        Args:
            codes: float32 (N, latents).

        Returns:
            float32 array (N, *target_shape).
        """
        return self.values(self.decoder(ops.convert_to_tensor(codes, "float32"), training=False))

    def report_images(self, data):
        """Draws reconstructions, samples, and the way from one item's code to another's.

        Args:
            data: pipeline over the items to show, with `fixed_elements`.

        Returns:
            list of three (title, caption, uint8 (H, W, 3)).
        """
        batch = next(data.fixed_elements(data.source, REPORT_IMAGES).as_numpy_iterator())
        draws = np.random.default_rng(SEED).normal(size=(SAMPLES, REPORT_IMAGES, self.latents))
        samples = sheet([as_pictures(self.sample(codes)) for codes in draws])
        means = np.asarray(self.infer(batch)["mean"])
        shares = np.linspace(0, 1, REPORT_IMAGES)[:, np.newaxis]
        ways = [
            (1 - shares) * first + shares * second
            for first, second in zip(means[0::2], means[1::2], strict=False)
        ]
        between = sheet([as_pictures(self.sample(way)) for way in ways[:SAMPLES]])
        return [
            *super().report_images(data),
            ("Samples", "Decoded draws from the standard normal distribution.", samples),
            ("Interpolations", "Each row: from one item's mean code to another's.", between),
        ]


def _code(shape, latents, name):
    """Builds a linear layer over all values of the features."""
    features = keras.Input(shape)
    flat = keras.layers.Flatten()(features)
    return keras.Model(features, keras.layers.Dense(latents, dtype="float32")(flat), name=name)
