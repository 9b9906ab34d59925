"""The discrete VAE of DALL-E."""

import math

import keras
import numpy as np
from keras import ops

from mmssl.decoders import discrete_vae_decoder
from mmssl.decoders.discrete_vae import PARAMETERS
from mmssl.layers import GumbelCodebook
from mmssl.losses.logit_laplace import logit_laplace_nats
from mmssl.losses.uniform_divergence import uniform_divergence
from mmssl.methods.bases.autoencoder import Autoencoder
from mmssl.methods.bases.code_usage import usage_figures, usage_pictures
from mmssl.methods.bases.quantized_encoder import quantized_encoder
from mmssl.methods.bases.reconstructed import fidelity
from mmssl.methods.bases.requirements import check_map
from mmssl.methods.bases.tokenizer import Tokenizer


class DiscreteVAE(Tokenizer, Autoencoder):
    """The discrete VAE of DALL-E (Ramesh et al. 2021, arXiv 2102.12092).

    The encoder gives, at each place, a distribution q over the K entries of a codebook. In training
    the decoder sees a mixture of entries instead of one of them, by weights that are drawn around q
    and come nearer to one entry as the temperature falls; see `mmssl.layers.GumbelCodebook`:

        loss = mean( -log p(x | mixture) ) + beta_n sum_places KL(q || uniform) / D

    p is logit-Laplace with a location and a scale for each value, see
    `mmssl.losses.logit_laplace_nats`; D is the number of values of a target. beta_n rises to beta
    with half a cosine over the first steps. Outside of training the most likely entry is taken.

    The encoder that is saved has entries as its features, and their averages over cells as its
    embedding.

    Batch:
        <input>: the encoder's inputs, such as `images` float32 (B, size, size, 3) in [0, 1].
        target: float32 (B, *target_shape), x, in [0, 1].

    Across replicas: the numbers of places, of which the noise follows; how often entries are used.

    Args:
        encoder: keras.Model with a map of features of a known size.
        target_shape: shape of a target, without the batch; it follows the data.
        entries: K, 2 or more.
        entry_width: channels of an entry.
        temperature: see `GumbelCodebook`, as for the next two.
        final_temperature: the lowest.
        anneal_steps: steps until then.
        divergence: beta, 0 or more.
        divergence_steps: steps until beta_n is beta, 1 or more.
        decoder_width: see `mmssl.decoders.discrete_vae_decoder`, as for the next two.
        decoder_levels: number of sizes of maps.
        decoder_units: residual units of each.
        grid: cells per side of the map whose averages the embedding concatenates.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: an argument is out of range, or no decoder leads from features to targets.
    """

    splits_batches = False

    def __init__(
        self,
        encoder: keras.Model,
        target_shape: tuple[int, ...] = (256, 256, 3),
        entries: int = 8192,
        entry_width: int = 128,
        temperature: float = 1.0,
        final_temperature: float = 0.0625,
        anneal_steps: int = 150_000,
        divergence: float = 6.6,
        divergence_steps: int = 5000,
        decoder_width: int = 256,
        decoder_levels: int = 4,
        decoder_units: int = 2,
        grid: int = 2,
        **kwargs,
    ):
        check_map("DiscreteVAE", encoder)
        if divergence < 0 or divergence_steps < 1:
            raise ValueError(
                "DiscreteVAE needs a divergence of 0 or more and divergence_steps of 1 or more; "
                f"got divergence={divergence}, divergence_steps={divergence_steps}."
            )
        features = encoder.output["features"]
        places = keras.Input((*features.shape[1:-1], entry_width))
        decoder = discrete_vae_decoder(
            places, tuple(target_shape), decoder_width, decoder_levels, decoder_units
        )
        self.metric_names = ("reconstruction", "divergence", "temperature", *self.usage_names())
        weights = {"loss_weights": {"divergence": divergence}}
        super().__init__(encoder, decoder, "squared", **{**weights, **kwargs})
        self.head = keras.layers.Dense(entries, dtype="float32", name="logits")
        self.head.build(features.shape)
        self.quantizer = GumbelCodebook(
            entries, entry_width, temperature, final_temperature, anneal_steps, name="quantizer"
        )
        self.quantizer.build((None, *features.shape[1:-1], entries))
        self.divergence_steps = divergence_steps
        self.grid = grid
        inside = {"parameters": decoder.get_layer(PARAMETERS).output, "outputs": decoder.output}
        self.opened = keras.Model(decoder.input, inside, name="opened_decoder")

    def call(self, batch, training=False):
        """Encodes, chooses or mixes entries, and decodes.

        Returns:
            dict of `codes` int32 (B, H, W), `quantized` float32 (B, H, W, entry_width),
            `divergences` float32 (B, H, W), `parameters` float32 (B, *target_shape) with twice the
            channels, and `outputs` float32 (B, *target_shape), the medians.
        """
        logits = self.head(self.encode(batch, training)["features"])
        found = self.quantizer(logits, relaxed=training)
        divergences = uniform_divergence(logits)
        opened = self.opened(found["quantized"], training=training)
        return {**found, "divergences": divergences, **opened}

    def begin_step(self):
        self.quantizer.advance()

    def export_encoder(self):
        """Returns the encoder with its features quantized; layers are shared."""
        return quantized_encoder(self.encoder, self.head, self.quantizer, self.grid)

    def loss_terms(self, batch, outputs, training):
        self.count_codes(outputs["codes"])
        self.update_metric("temperature", self.quantizer.current_temperature())
        nats = logit_laplace_nats(batch["target"], outputs["parameters"])
        values = math.prod(batch["target"].shape[1:])
        apart = ops.mean(ops.sum(outputs["divergences"], axis=(1, 2))) / values
        return {"reconstruction": ops.mean(nats), "divergence": self._risen() * apart}

    def _risen(self):
        """The share of beta that counts in this step."""
        steps = ops.cast(self.quantizer.steps.value, "float32")
        way = ops.minimum(steps / self.divergence_steps, 1.0)
        return (1.0 - ops.cos(math.pi * way)) / 2.0

    def compare(self, batches, targets):
        """Computes how well held-out items are rebuilt of one entry a place.

        Returns:
            dict: `nats`, the mean of -log p of a value, and `divergence`, that of KL of a place, in
            nats; the figures of `fidelity`; `perplexity` and `used`, of the codes of all items.
        """
        found = [self.infer(batch) for batch in batches]
        nats = [
            np.mean(logit_laplace_nats(batch["target"], out["parameters"]), axis=(1, 2, 3))
            for batch, out in zip(batches, found, strict=True)
        ]
        return {
            "nats": float(np.concatenate(nats).mean()),
            "divergence": float(np.concatenate([out["divergences"] for out in found]).mean()),
            **fidelity(np.concatenate([out["outputs"] for out in found]), targets),
            **usage_figures([out["codes"] for out in found], self.entries),
        }

    def report_images(self, data):
        """Draws reconstructions, and how often each entry is used.

        Args:
            data: pipeline over the items to show, with `fixed_elements`.

        Returns:
            list of two (title, caption, uint8 (H, W, 3)).
        """
        batches = data.fixed_elements(data.source).take(8).as_numpy_iterator()
        codes = [self.encode_indices(batch) for batch in batches]
        return [*super().report_images(data), *usage_pictures(codes, self.entries)]
