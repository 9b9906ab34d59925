"""Colorful image colorization."""

import math

import keras
import numpy as np
from keras import ops

from mmssl.decoders import conv_decoder
from mmssl.layers import ColorBins, lab_to_rgb, rgb_to_lab
from mmssl.layers.color import rgb_to_lightness
from mmssl.losses.color_distribution import color_distribution_loss
from mmssl.methods.bases import Pretrainer

GRAY = 5.0  # an image whose every |a| and |b| is at most this has no color to learn from

REPORT_IMAGES = 12  # in the report


class Colorization(Pretrainer):
    """Colorization by classification (Zhang, Isola, Efros 2016, arXiv 1603.08511).

    From the lightness of a picture, predicts for every `stride`-th pixel, the first one included,
    a distribution over Q quantized ab colors; rare colors weigh more:

        loss = -mean_{h,w} v(Z_hw) sum_q Z_hwq log softmax(logits_hw)_q

    `Z` shares a pixel among its 10 nearest bins, `v` is the rarity of the nearest one, taken from
    the data by `adapt` (the average of Z is the smoothed histogram), and pictures without color
    count as zero. Q is 261, the points of a grid of 10 that sRGB colors round to; the official
    list of 313 is data that no rule gives. Colors are a and b of CIE Lab (D65), those of the
    pixel itself: averages would bring in colors that the picture does not have.

    Batch:
        images: float32 (B, H, W, 3) in [0, 1], of which the encoder sees the lightness alone,
            and the loss the colors.

    Across replicas: nothing.

    Args:
        encoder: keras.Model that reads the lightness of `images`, such as
            `mmssl.encoders.conv_encoder()`.
        decoder_width: channels of the decoder, block 8 of the paper.
        decoder_depth: its 3x3 convolutions.
        upsampling: how much finer the predictions are than the encoder's last map, along each
            side; `stride` is the product of the encoder's strides over it, four in the paper.
        uniform_weight: lambda of the rebalancing, in [0, 1]; 1 turns it off.
        temperature: of the annealed mean that `colorize` takes, above 0.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: an argument is out of its range, or no stride leads from the encoder's pictures
            to the predictions.
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
                f"Colorization(uniform_weight=...) is in [0, 1]; got {uniform_weight}."
            )
        if temperature <= 0:
            raise ValueError(f"Colorization(temperature=...) is above 0; got {temperature}.")
        self.uniform_weight = uniform_weight
        self.temperature = temperature
        self.bins = ColorBins()
        self.decoder = conv_decoder(
            encoder.output["features"], decoder_width, decoder_depth, upsampling, len(self.bins)
        )
        self.stride = _stride(encoder.input["images"].shape[1:3], self.decoder.output.shape[1:3])

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
        """Takes a and b of the pixels that are predicted: (B, H, W, 3) to (B, h, w, 2)."""
        return rgb_to_lab(images[:, :: self.stride, :: self.stride])[..., 1:]

    def adapt(self, batches, examples=4096):
        """Takes the rarity of the colors from the data.

        Args:
            batches: tf.data.Dataset of training batches.
            examples: pictures to look at.

        Raises:
            ValueError: the pictures have no color.
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
                f"None of {seen} pictures has a color beyond |a|, |b| = {GRAY:g}: colorization "
                "learns nothing from gray pictures."
            )
        self.bins.set_frequencies(counts / counts.sum(), self.uniform_weight)

    def colorize(self, images):
        """Paints pictures from their lightness.

        Args:
            images: float32 (B, H, W, 3) in [0, 1], of the encoder's size.

        Returns:
            float32 (B, H, W, 3) in [0, 1]: the lightness given, the annealed mean color.
        """
        images = ops.convert_to_tensor(images, "float32")
        ab = self.bins.decode(ops.cast(self({"images": images}), "float32"), self.temperature)
        ab = ops.image.resize(ab, images.shape[1:3], interpolation="bilinear")
        return lab_to_rgb(ops.concatenate([rgb_to_lightness(images), ab], axis=-1))

    def report_images(self, data):
        """Shows rows of gray, predicted and true pictures.

        Args:
            data: mmssl.pipelines.images.ImageCrops over the pictures to show.

        Returns:
            list of one (title, caption, uint8 (H, W, 3)).
        """
        images = next(iter(data.examples(data.source, batch_size=REPORT_IMAGES)))["images"].numpy()
        lightness = np.asarray(rgb_to_lightness(images))
        gray = lab_to_rgb(np.concatenate([lightness, np.zeros_like(images[..., 1:])], axis=-1))
        rows = [gray, self.colorize(images), images]
        sheet = np.concatenate([np.concatenate(list(np.asarray(row)), axis=1) for row in rows])
        caption = "Rows: lightness as the encoder sees it, predicted colors, true colors."
        return [("Colorization", caption, np.rint(sheet * 255).astype("uint8"))]


def _stride(picture, predictions):
    """Finds the pixels from one prediction to the next, along both sides."""
    if None not in (*picture, *predictions):
        stride = math.ceil(picture[0] / predictions[0])
        if tuple(math.ceil(side / stride) for side in picture) == tuple(predictions):
            return stride
    raise ValueError(
        f"Colorization predicts maps of {predictions} for pictures of {picture}, which no stride "
        "leads to: set upsampling, the strides or the size to match."
    )
