"""Colorful image colorization."""

import keras
import numpy as np
from keras import ops

from mmssl.decoders import conv_decoder
from mmssl.layers import ColorBins, lab_to_rgb, rgb_to_lab
from mmssl.layers.color import rgb_to_lightness
from mmssl.losses.color_distribution import color_distribution_loss
from mmssl.methods.bases import Colorizer
from mmssl.methods.bases.pixel_stride import pixel_stride

GRAY = 5.0  # an image whose |a| and |b| nowhere exceed this counts as gray


class Colorization(Colorizer):
    """Colorization by classification (Zhang, Isola, Efros 2016, arXiv 1603.08511).

    From the lightness of an image, predicts a distribution over Q quantized ab colors for every
    `stride`-th pixel, starting with the first; rare colors are upweighted:

        loss = -mean_{h,w} v(Z_hw) sum_q Z_hwq log softmax(logits_hw)_q

    `Z` soft-encodes a pixel over its 10 nearest bins; `v` is the rarity weight of the nearest one,
    computed from the data by `adapt` (the average of Z is the smoothed histogram). Gray images
    have zero loss. Q is 261, the points of a grid with spacing 10 to which sRGB colors round; the
    official list of 313 was published as data, and no rule for it is known. Colors are a and b of
    CIE Lab (D65) at the pixel itself, since averages would introduce colors that the image does not
    have.

    Batch:
        images: float32 (B, H, W, 3) in [0, 1], of which the encoder sees the lightness and the loss
            the colors.

    Across replicas: nothing.

    Args:
        encoder: keras.Model that reads the lightness of `images`, such as
            `mmssl.encoders.conv_encoder()`.
        decoder_width: channels of the decoder, which is block 8 of the paper.
        decoder_depth: number of its 3x3 convolutions.
        upsampling: factor from the resolution of the encoder's last map to that of the predictions;
            `stride` is the product of the encoder's strides divided by it, four in the paper.
        uniform_weight: lambda of the rebalancing, in [0, 1]; 1 turns it off.
        temperature: of the annealed mean in `colorize`, above 0.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: an argument is out of range, or no stride relates the size of the images to that
            of the predictions.
    """

    metric_names = ("color", "mode_accuracy")

    def __init__(
        self,
        encoder: keras.Model,
        decoder_width: int = 256,
        decoder_depth: int = 2,
        upsampling: int = 2,
        uniform_weight: float = 0.5,
        temperature: float = 0.38,
        **kwargs,
    ):
        super().__init__(encoder, **kwargs)
        if not 0 <= uniform_weight <= 1:
            raise ValueError(
                f"Colorization(uniform_weight=...) must be in [0, 1]; got {uniform_weight}."
            )
        if temperature <= 0:
            raise ValueError(f"Colorization(temperature=...) must be above 0; got {temperature}.")
        self.uniform_weight = uniform_weight
        self.temperature = temperature
        self.bins = ColorBins()
        self.decoder = conv_decoder(
            encoder.output["features"], decoder_width, decoder_depth, upsampling, len(self.bins)
        )
        self.stride = pixel_stride(
            "Colorization", encoder.input["images"].shape[1:3], self.decoder.output.shape[1:3]
        )

    def call(self, batch, training=False):
        return self.decoder(self.encode(batch, training)["features"], training=training)

    def loss_terms(self, batch, outputs, training):
        ab = self._colors(batch["images"])
        colorful = ops.cast(ops.max(ops.abs(ab), axis=(1, 2, 3)) > GRAY, "float32")
        pixels = outputs.shape[1] * outputs.shape[2]
        bins, weights = self.bins.encode(ops.reshape(ab, (-1, 2)))
        rebalance = self.bins.rebalance(bins) * ops.repeat(colorful, pixels)
        logits = ops.reshape(outputs, (-1, len(self.bins)))
        hits = ops.equal(ops.cast(ops.argmax(logits, axis=-1), "int32"), bins[:, 0])
        self.update_metric("mode_accuracy", ops.mean(ops.cast(hits, "float32")))
        return {"color": color_distribution_loss(logits, bins, weights, rebalance)}

    def _colors(self, images):
        """Computes a and b of the predicted pixels: (B, H, W, 3) to (B, h, w, 2)."""
        return rgb_to_lab(images[:, :: self.stride, :: self.stride])[..., 1:]

    def adapt(self, batches, examples=4096):
        """Computes the rarity weights of the colors from the data.

        Args:
            batches: tf.data.Dataset of training batches.
            examples: number of images to use.

        Raises:
            ValueError: all of these images are gray.
        """
        counts, seen, largest = np.zeros(len(self.bins)), 0, 0.0
        for batch in batches:
            ab = ops.convert_to_numpy(self._colors(ops.convert_to_tensor(batch["images"])))
            bins, weights = self.bins.encode(ab.reshape(-1, 2))
            counts += np.bincount(
                ops.convert_to_numpy(bins).ravel(),
                ops.convert_to_numpy(weights).ravel(),
                len(self.bins),
            )
            largest, seen = max(largest, np.abs(ab).max()), seen + len(ab)
            if seen >= examples:
                break
        if largest <= GRAY:
            raise ValueError(
                f"None of {seen} images has a color beyond |a|, |b| = {GRAY:g}: colorization "
                "learns nothing from gray images."
            )
        self.bins.set_frequencies(counts / counts.sum(), self.uniform_weight)

    def colorize(self, images):
        """Colorizes images from their lightness.

        Args:
            images: float32 (B, H, W, 3) in [0, 1], of the encoder's size.

        Returns:
            float32 (B, H, W, 3) in [0, 1]: the given lightness with the annealed mean color.
        """
        images = ops.convert_to_tensor(images, "float32")
        ab = self.bins.decode(ops.cast(self({"images": images}), "float32"), self.temperature)
        ab = ops.image.resize(ab, images.shape[1:3], interpolation="bilinear")
        return lab_to_rgb(ops.concatenate([rgb_to_lightness(images), ab], axis=-1))
