"""Split-brain autoencoders."""

from typing import Literal

import keras
import numpy as np
from keras import ops

from mmssl.choices import check_choices
from mmssl.encoders import channel_groups
from mmssl.layers import LabChannels
from mmssl.methods.bases import Pretrainer
from mmssl.methods.bases.channel_codes import GamutColors, Levels, Values
from mmssl.methods.bases.held_out_images import first_images, sheet, spread_out
from mmssl.methods.bases.pixel_stride import pixel_stride

REPORT_IMAGES = 12
COLORS = (1, 2)  # a and b of Lab


class SplitBrain(Pretrainer):
    """Cross-channel prediction (Zhang, Isola, Efros 2017, arXiv 1611.09842).

    Each half of the encoder sees one group x1 or x2 of the channels, and predicts the other one at
    every `stride`-th pixel, starting with the first:

        loss = mean_p code(head2(half1(x1))_p, x2_p) + mean_p code(head1(half2(x2))_p, x1_p)

    `code` is the cross-entropy of classes, or half the squared error of channels scaled to
    [-1, 1]. Classes of a and b of Lab together are the 261 color bins of colorization with their
    soft codes; of any other channel, equal levels, summed over channels. A head is one 1x1
    convolution, which begins at zero.

    Batch:
        images: float32 (B, H, W, C) in [0, 1]; of Lab, sRGB.

    Across replicas: the statistics of batch norm.

    Args:
        encoder: keras.Model of `mmssl.encoders.channel_group_encoder`, with two groups.
        form: `classification` or `regression`, of both groups.
        levels: classes of a channel other than a and b, 2 or more.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: an argument is out of range, the encoder has other groups, or no stride relates
            its last map to its images.
    """

    metric_names = ("first_group", "second_group")

    def __init__(
        self,
        encoder: keras.Model,
        form: Literal["classification", "regression"] = "classification",
        levels: int = 100,
        **kwargs,
    ):
        super().__init__(encoder, **kwargs)
        check_choices(SplitBrain.__init__, form=form)
        if levels < 2:
            raise ValueError(f"SplitBrain(levels=...) must be 2 or more; got {levels}.")
        lab, self.groups = channel_groups(encoder)
        if len(self.groups) != 2:
            raise ValueError(
                f"SplitBrain needs two groups of channels; {encoder.name} has {len(self.groups)}."
            )
        self.lab = LabChannels(dtype="float32") if lab else None
        features = encoder.output["features"]
        self.stride = pixel_stride(
            "SplitBrain", encoder.input["images"].shape[1:3], features.shape[1:3]
        )
        self.codes = [self._code(group, form, levels) for group in self.groups]
        self.heads = [
            _head(features.shape[-1] // 2, code.outputs, name)
            for code, name in zip(self.codes, self.metric_names, strict=True)
        ]

    def call(self, batch, training=False):
        """Predicts each group from the half that has seen the other one.

        Returns:
            list of two, float32 (B, h, w, outputs).
        """
        halves = ops.split(self.encode(batch, training)["features"], 2, axis=-1)
        return [head(half) for head, half in zip(self.heads, halves[::-1], strict=True)]

    def loss_terms(self, batch, outputs, training):
        groups = self._targets(batch["images"])
        return {
            name: code.loss(ops.reshape(found, (-1, code.outputs)), _pixels(group))
            for name, code, found, group in zip(
                self.metric_names, self.codes, outputs, groups, strict=True
            )
        }

    def _code(self, group, form, levels):
        if form == "regression":
            return Values(len(group))
        if self.lab is not None and group == COLORS:
            return GamutColors()
        return Levels(len(group), levels)

    def _targets(self, images):
        """Returns both groups of the predicted pixels, two (B, h, w, C) scaled to [-1, 1]."""
        return self._split(images[:, :: self.stride, :: self.stride])

    def _split(self, images):
        channels = images if self.lab is None else self.lab(images)
        return [2 * ops.take(channels, group, axis=-1) - 1 for group in self.groups]

    def validate(self, data):
        """Computes the loss of each group, and that of the best prediction without a look.

        Args:
            data: pipeline over the held-out images.

        Returns:
            dict: `first_group_loss` and `second_group_loss`, and `first_group_floor` and
            `second_group_floor`, of the best constant prediction of the same pixels.
        """
        losses, targets, count = np.zeros(2), [], 0
        for batch in data.examples(spread_out(data.source)):
            images = ops.convert_to_tensor(batch["images"])
            terms = self.loss_terms(batch, self.infer(batch), training=False)
            losses += len(images) * np.array([float(terms[name]) for name in self.metric_names])
            targets.append([np.asarray(_pixels(group)) for group in self._targets(images)])
            count += len(images)
        found = dict(
            zip((f"{name}_loss" for name in self.metric_names), losses / count, strict=True)
        )
        for name, code, *group in zip(self.metric_names, self.codes, *targets, strict=True):
            found[f"{name}_floor"] = code.constant_loss(np.concatenate(group))
        return found

    def predict_channels(self, images):
        """Predicts each group of channels from the other one.

        Args:
            images: float32 (B, H, W, C), of the encoder's size.

        Returns:
            list of two, float32 (B, H, W, C'), scaled to [-1, 1].
        """
        outputs, size = self.infer({"images": images}), images.shape[1:3]
        decoded = [code.decode(x) for code, x in zip(self.codes, outputs, strict=True)]
        return [ops.image.resize(x, size, interpolation="bilinear") for x in decoded]

    def report_images(self, data):
        """Draws rows of true images, and of those with one group predicted from the other.

        Args:
            data: pipeline over the images to show.

        Returns:
            list of one (title, caption, uint8 (H, W, 3)).
        """
        images = first_images(data, REPORT_IMAGES)
        true = self._split(images)
        first, second = self.predict_channels(images)
        order = [channel for group in self.groups for channel in group]
        if self.lab is not None and sorted(order) == [0, 1, 2]:
            pairs = [(true[0], second), (first, true[1]), true]
            joined = [ops.take(ops.concatenate(p, axis=-1), np.argsort(order), -1) for p in pairs]
            rows = [self.lab.to_rgb((channels + 1) / 2) for channels in joined]
            caption = (
                "Rows: second group of channels predicted, first group predicted, true images."
            )
        else:
            rows = [_colored(x) for x in (first, true[0], second, true[1])]
            caption = "Rows: first group of channels predicted and true, second group likewise."
        return [("Split-brain autoencoder", caption, sheet(rows))]


def _head(inputs, outputs, name):
    features = keras.Input((None, None, inputs))
    scores = keras.layers.Conv2D(outputs, 1, kernel_initializer="zeros", dtype="float32")
    return keras.Model(features, scores(features), name=name)


def _pixels(group):
    return ops.reshape(group, (-1, group.shape[-1]))


def _colored(channels):
    """Shows three channels as colors, others by their mean: (..., C) to (..., 3) in [0, 1]."""
    shown = ops.clip(channels / 2 + 0.5, 0.0, 1.0)
    if shown.shape[-1] == 3:
        return shown
    return ops.repeat(ops.mean(shown, axis=-1, keepdims=True), 3, axis=-1)
