"""Colorization as a proxy task."""

import keras
import numpy as np
from keras import ops

from mmssl.encoders import blocks
from mmssl.encoders.parts.normalization import batch_normalization
from mmssl.encoders.parts.pixel_grid import pixel_grid
from mmssl.layers import bilinear_samples, hue_and_chroma, lab_to_rgb, rgb_of_hue, rgb_to_lab
from mmssl.layers.color import rgb_to_lightness
from mmssl.losses.hue_chroma import equal_classes, hue_chroma_loss
from mmssl.methods.bases import Colorizer
from mmssl.methods.bases.heads import MOMENTUM
from mmssl.methods.bases.held_out_images import spread_out
from mmssl.methods.bases.requirements import check_map


class HypercolumnColorization(Colorizer):
    """Colorization as a proxy task (Larsson, Maire, Shakhnarovich 2017, arXiv 1703.04044).

    From the lightness of an image, predicts histograms of hue and chroma for a few of its pixels p.
    A pixel's hypercolumn joins the maps of all blocks, each sampled bilinearly where the pixel lies
    in it:

        loss = mean_p weight chroma_p CE(hue_p) + mean_p CE(chroma_p)
        logits_p = linear(relu(linear(norm(hypercolumn_p)))),    hue and chroma in `bins` classes

    Hue is that of HSV, chroma the largest of red, green and blue less the smallest. `norm` is batch
    norm, since blocks differ in magnitude. Predictions begin at zero.

    Batch:
        images: float32 (B, H, W, 3) in [0, 1], of which the encoder sees the lightness and the loss
            the colors.
        pixels: int32 (B, P, 2), row and column of the pixels to predict.

    Across replicas: the statistics of batch norm.

    Args:
        encoder: keras.Model that reads the lightness of `images` and whose blocks are maps, such
            as `mmssl.encoders.conv_encoder()`.
        width: of the layer between hypercolumn and predictions, 1 or more.
        dropout: rate after that layer, in [0, 1).
        bins: classes of hue, and of chroma, 2 or more.
        hue_weight: weight of the loss of hue, 0 or more.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: an argument is out of range, or the encoder has no blocks that are maps, or
            sees the colors.
    """

    metric_names = ("hue", "chroma")

    def __init__(
        self,
        encoder: keras.Model,
        width: int = 1024,
        dropout: float = 0.5,
        bins: int = 32,
        hue_weight: float = 5.0,
        **kwargs,
    ):
        super().__init__(encoder, **kwargs)
        if width < 1 or bins < 2 or not 0 <= dropout < 1 or hue_weight < 0:
            raise ValueError(
                f"HypercolumnColorization needs width={width} of 1 or more, bins={bins} of 2 or "
                f"more, dropout={dropout} in [0, 1) and hue_weight={hue_weight} of 0 or more."
            )
        check_map("HypercolumnColorization", encoder)
        self.bins, self.hue_weight = bins, hue_weight
        maps = [encoder.get_layer(name).output for name in blocks(encoder)]
        self.maps = keras.Model(encoder.input, maps)
        self.grids = [pixel_grid(features) for features in maps]
        channels = sum(features.shape[-1] for features in maps)
        self.head = _head(channels, width, dropout, bins)

    def call(self, batch, training=False):
        """Predicts the hue and chroma of pixels.

        Returns:
            dict of `hue` and `chroma`, float32 (B, P, bins).
        """
        maps = self.maps({"images": batch["images"]}, training=training)
        pixels = ops.cast(batch["pixels"], "float32")
        columns = [
            bilinear_samples(features, (pixels - offset) / stride)
            for features, (stride, offset) in zip(maps, self.grids, strict=True)
        ]
        return self.head(ops.concatenate(columns, axis=-1), training=training)

    def loss_terms(self, batch, outputs, training):
        hue, chroma = self._targets(batch)
        logits = (ops.reshape(outputs[name], (-1, self.bins)) for name in self.metric_names)
        losses = hue_chroma_loss(*logits, hue, chroma, self.hue_weight)
        return dict(zip(self.metric_names, losses, strict=True))

    def _targets(self, batch):
        """Returns hue and chroma of the sampled pixels, both float32 (B * P,)."""
        images = ops.convert_to_tensor(batch["images"])
        colors = bilinear_samples(images, ops.cast(batch["pixels"], "float32"))
        return hue_and_chroma(ops.reshape(colors, (-1, 3)))

    def validate(self, data):
        """Computes the losses, and those of the best guess without a look.

        Args:
            data: mmssl.pipelines.images.SampledPixels over the held-out images.

        Returns:
            dict: `hue_loss` and `chroma_loss`, and `hue_floor` and `chroma_floor`, of the best
            constant prediction of the same pixels.
        """
        losses, targets, count = np.zeros(2), [], 0
        for batch in data.sampled_examples(spread_out(data.source)):
            terms = self.loss_terms(batch, self.infer(batch), training=False)
            rows = len(batch["pixels"])
            losses += rows * np.array([float(terms[name]) for name in self.metric_names])
            targets.append([ops.convert_to_numpy(x) for x in self._targets(batch)])
            count += rows
        hue, chroma = (np.concatenate(x) for x in zip(*targets, strict=True))
        hue_loss, chroma_loss = (losses / count).tolist()
        return {
            "hue_loss": hue_loss,
            "chroma_loss": chroma_loss,
            "hue_floor": self.hue_weight * _constant_loss(hue, chroma, self.bins),
            "chroma_floor": _constant_loss(chroma, np.ones_like(chroma), self.bins),
        }

    def colorize(self, images):
        """Colorizes images: the circular mean of hue, and the mean of chroma; see `Colorizer`."""
        images = ops.convert_to_tensor(images, "float32")
        rows, height, width, _ = images.shape
        everywhere = np.stack(np.mgrid[0:height, 0:width], -1).reshape(1, -1, 2).astype("int32")
        outputs = self({"images": images, "pixels": everywhere.repeat(rows, axis=0)})
        hue, chroma = (ops.softmax(outputs[name], axis=-1) for name in self.metric_names)
        middles = (np.arange(self.bins, dtype="float32") + 0.5) / self.bins
        angles = 2 * np.pi * middles
        hue = ops.arctan2(ops.sum(hue * np.sin(angles), -1), ops.sum(hue * np.cos(angles), -1))
        color = rgb_of_hue(ops.mod(hue / (2 * np.pi), 1.0), ops.sum(chroma * middles, -1))
        return _at_lightness(rgb_to_lightness(images), ops.reshape(color, images.shape))


def _head(inputs, width, dropout, bins):
    columns = keras.Input((None, inputs))
    x = batch_normalization(MOMENTUM)(columns)
    x = keras.layers.Dense(width, activation="relu")(x)
    x = keras.layers.Dropout(dropout)(x)
    outputs = {
        name: keras.layers.Dense(bins, kernel_initializer="zeros", dtype="float32")(x)
        for name in HypercolumnColorization.metric_names
    }
    return keras.Model(columns, outputs, name="hypercolumn_head")


def _constant_loss(values, weights, bins):
    """Mean of weights times the cross-entropy of classes with their own weighted shares."""
    classes = ops.convert_to_numpy(equal_classes(values, bins))
    mass = np.bincount(classes, weights, bins)
    some = mass[mass > 0]
    return float(-np.sum(some * np.log(some / mass.sum())) / len(values))


def _at_lightness(lightness, color):
    """Gives colors (..., 3) a lightness (..., 1), by as much of white as they lack."""
    gray = lab_to_rgb(ops.concatenate([lightness, *[ops.zeros_like(lightness)] * 2], axis=-1))
    shifted = ops.clip(color + gray - ops.mean(color, axis=-1, keepdims=True), 0.0, 1.0)
    return lab_to_rgb(ops.concatenate([lightness, rgb_to_lab(shifted)[..., 1:]], axis=-1))
