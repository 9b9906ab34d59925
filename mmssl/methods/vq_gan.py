"""VQ-GAN."""

import keras
import numpy as np
from keras import ops

from mmssl.decoders import (
    patch_discriminator,
    perceptual_network,
    saved_perceptual_network,
    vq_gan_decoder,
)
from mmssl.decoders.vq_gan import LAST
from mmssl.layers import VectorQuantizer, straight_through
from mmssl.losses.adversarial import discriminator_accuracy
from mmssl.losses.perceptual import perceptual_distance
from mmssl.methods.bases.balanced_adversary import Adversary, BalancedAdversary
from mmssl.methods.bases.quantized import QuantizedAutoencoder
from mmssl.methods.bases.quantized_encoder import quantized_encoder
from mmssl.methods.bases.requirements import check_map


class VQGAN(BalancedAdversary, QuantizedAutoencoder):
    """VQ-GAN (Esser, Rombach, Ommer 2021, arXiv 2012.09841).

    A VQ-VAE whose pictures are compared in the features of a fixed network, too, and judged, patch
    by patch, by a discriminator D, so that few codes give sharp pictures. Of pixels in [-1, 1]:

        loss = R - w a mean D(y) + c (beta |z - sg(q)|^2 [+ |sg(z) - q|^2]),   y = decoder(q)
        R = mean |x - y| + p mean d(x, y)

    d is `mmssl.losses.perceptual_distance`. D's own loss, the weight w, which balances R and D's
    part, and the `start` before which there is neither: see
    `mmssl.methods.bases.balanced_adversary.BalancedAdversary`. Vectors z become entries q as in
    VQVAE.

    Batch:
        <input>: the encoder's inputs, such as `images` float32 (B, size, size, 3) in [0, 1].
        target: float32 (B, size, size, 3), x.

    Across replicas: the gradients at the last kernel; how often entries are used, the sums of what
    they replace, and what begins again; the statistics of batch norm.

    Args:
        encoder: keras.Model with a map of features of a known size.
        target_shape: shape of a target, without the batch; it follows the data.
        entries: K, 2 or more.
        entry_width: channels of an entry.
        momentum: see `mmssl.layers.VectorQuantizer`; None trains the entries, as in the paper.
        restart: see `VectorQuantizer`; it needs a momentum.
        commitment: beta, 0 or more.
        legacy: weigh |sg(z) - q|^2 by beta and |z - sg(q)|^2 by 1, as the official code does by
            mistake; without a momentum.
        code_weight: c, 0 or more.
        decoder_width: see `mmssl.decoders.vq_gan_decoder`, as for the next three.
        decoder_multipliers: of its levels, from the pictures to the codes.
        decoder_units: residual units of a level, less one.
        decoder_groups: of its norms.
        discriminator_width: see `mmssl.decoders.patch_discriminator`, as for the next one.
        discriminator_layers: number of its strided convolutions.
        discriminator_lr_ratio: see `BalancedAdversary`, as for the next three.
        adversary: D's loss.
        adversarial_weight: a, 0 or more.
        start: number of steps before D is trained.
        perceptual: the network of d: path of a `.keras` file or of a KerasHub preset, see
            `mmssl.decoders.saved_perceptual_network`; None for the small one of fixed weights.
        perceptual_layers: names of the layers of that file whose maps are compared.
        perceptual_weight: p, 0 or more.
        grid: cells per side of the map whose averages the embedding concatenates.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: an argument is out of range, or no decoder leads from features to targets.
    """

    metric_names = ("reconstruction", "perceptual")

    def __init__(
        self,
        encoder: keras.Model,
        target_shape: tuple[int, ...] = (256, 256, 3),
        entries: int = 1024,
        entry_width: int = 256,
        momentum: float | None = None,
        restart: float = 1.0,
        commitment: float = 0.25,
        legacy: bool = False,
        code_weight: float = 1.0,
        decoder_width: int = 128,
        decoder_multipliers: tuple[int, ...] = (1, 1, 2, 2, 4),
        decoder_units: int = 2,
        decoder_groups: int = 32,
        discriminator_width: int = 64,
        discriminator_layers: int = 3,
        discriminator_lr_ratio: float = 1.0,
        adversary: Adversary = "hinge",
        adversarial_weight: float = 0.8,
        start: int = 10_000,
        perceptual: str | None = None,
        perceptual_layers: tuple[str, ...] = (),
        perceptual_weight: float = 1.0,
        grid: int = 2,
        **kwargs,
    ):
        check_map("VQGAN", encoder)
        _check(commitment, code_weight, perceptual_weight, legacy, momentum)
        places = keras.Input((*encoder.output["features"].shape[1:-1], entry_width))
        decoder = vq_gan_decoder(
            places,
            tuple(target_shape),
            decoder_width,
            tuple(decoder_multipliers),
            decoder_units,
            decoder_groups,
        )
        size = target_shape[0]
        weights = {"commitment": code_weight * (1.0 if legacy else commitment)}
        if momentum is None:
            weights["codebook"] = code_weight * (commitment if legacy else 1.0)
        super().__init__(
            encoder,
            patch_discriminator(size, discriminator_width, discriminator_layers),
            discriminator_lr_ratio,
            adversary,
            adversarial_weight,
            start,
            decoder=decoder,
            commitment=commitment,
            momentum=momentum,
            **{"loss_weights": {"perceptual": perceptual_weight, **weights}, **kwargs},
        )
        self.head = keras.layers.Dense(entry_width, dtype="float32", name="vectors")
        self.head.build(encoder.output["features"].shape)
        self.quantizer = VectorQuantizer(entries, entry_width, momentum, restart, name="quantizer")
        self.quantizer.build((None, *places.shape[1:]))
        self.grid = grid
        inside = {"outputs": decoder.output, "hidden": decoder.get_layer(LAST).input}
        self.opened = keras.Model(decoder.input, inside, name="opened_decoder")
        self.network = (
            perceptual_network(size)
            if perceptual is None
            else saved_perceptual_network(perceptual, size, tuple(perceptual_layers))
        )

    def call(self, batch, training=False):
        """Encodes, quantizes and decodes.

        Returns:
            dict of `vectors` and `quantized` float32 (B, H, W, entry_width), `codes` int32
            (B, H, W), and `outputs` (B, *target_shape); in training also `hidden`
            (B, size, size, C), what the decoder's last convolution is given.
        """
        vectors = self.head(self.encode(batch, training)["features"])
        found = {"vectors": vectors, **self.quantizer(vectors)}
        if not training:
            return {**found, "outputs": self.decoder(found["quantized"], training=False)}
        seen = straight_through(vectors, found["quantized"])
        return {**found, **self.opened(seen, training=True)}

    def export_encoder(self):
        """Returns the encoder with its features quantized; layers are shared."""
        return quantized_encoder(self.encoder, self.head, self.quantizer, self.grid)

    def loss_terms(self, batch, outputs, training):
        self.count_codes(outputs["codes"])
        target = ops.cast(batch["target"], "float32")
        real, fake = (2.0 * x - 1.0 for x in (target, outputs["outputs"]))
        maps, weight = self.network(target, training=False), 0.0
        if training:
            weight = self._weight(real, maps, outputs["hidden"])
        return {
            **self._compared(real, maps, fake),
            **self.balanced_terms(real, fake, training, weight),
            **self.codebook_terms(outputs, training),
        }

    def _compared(self, real, maps, fake):
        """Compares pictures in [-1, 1] with targets, and with the maps of these."""
        apart = perceptual_distance(maps, self.network((fake + 1.0) / 2.0, training=False))
        return {"reconstruction": ops.mean(ops.abs(real - fake)), "perceptual": ops.mean(apart)}

    def _weight(self, real, maps, hidden):
        last = self.decoder.get_layer(LAST)
        hidden, bias = (ops.stop_gradient(ops.cast(x, "float32")) for x in (hidden, last.bias))

        def generate(kernel):
            return ops.conv(hidden, kernel, padding="same") + bias

        def reconstruct(fake):
            terms = self._compared(real, maps, fake)
            return sum(self.loss_weights.get(name, 1.0) * value for name, value in terms.items())

        return self.balance(last.kernel, generate, reconstruct, training=True)

    def figures(self, found, targets):
        """Adds the share of patches, `discriminator_accuracy`, that D tells apart rightly."""
        restored = np.concatenate([out["outputs"] for out in found])
        judged = [
            self.discriminator.predict_on_batch(2.0 * pictures - 1.0)
            for pictures in (targets, restored)
        ]
        accuracy = float(discriminator_accuracy(*judged))
        return {**super().figures(found, targets), "discriminator_accuracy": accuracy}


def _check(commitment, code_weight, perceptual_weight, legacy, momentum):
    weights = {"code_weight": code_weight, "perceptual_weight": perceptual_weight}
    for name, value in weights.items():
        if value < 0:
            raise ValueError(f"VQGAN({name}={value}) must be 0 or more.")
    if legacy and momentum is not None:
        raise ValueError(
            "VQGAN(legacy=True) weighs entries that are trained: set momentum to null."
        )
