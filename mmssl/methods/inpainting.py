"""Context encoders."""

from typing import Literal

import keras
import numpy as np
from keras import ops

from mmssl.choices import check_choices
from mmssl.decoders import dcgan_discriminator, inpainting_decoder
from mmssl.layers import MaskFill
from mmssl.losses.weighted_squared_error import weighted_squared_error
from mmssl.methods.bases import AdversarialPretrainer
from mmssl.methods.bases.border_fill import border_fill

REPORT_IMAGES = 12  # in the report
VALIDATION_IMAGES = 2048  # items that are measured


class ContextEncoder(AdversarialPretrainer):
    """Inpainting (Pathak, Krähenbühl, Donahue, Darrell, Efros 2016, arXiv 1604.07379).

    Regresses a hidden region from what surrounds it; a discriminator that sees the region alone
    makes the regression sharp:

        loss = (1 - a) mean_b sum_p w_p |x_p - G(visible)_p|^2 / (3 |{p: w_p > 0}|)
               - a log D(G(visible))
        loss of D = - log D(x) - log(1 - D(G(visible)))

    `a` is `adversarial_weight`; pixels are in [-1, 1]. The target is the middle square of half
    the side where the region is the center, and the whole picture otherwise. In it `w` is 1 for
    hidden pixels and `visible_weight` for visible ones: those are the overlap of a center that is
    hidden but for a band along its edges, and everything else for the other regions. The encoder
    sees hidden pixels in the mean color of the data, which `adapt` takes.

    Batch:
        images: float32 (B, size, size, 3) in [0, 1], whole.
        mask: float32 (B, size, size, 1), 1 where hidden.

    Across replicas: the statistics of batch norm.

    Args:
        encoder: keras.Model of square `images`, such as `mmssl.encoders.dcgan_encoder()`.
        region: what is hidden: `center`, `block` or `random`.
        decoder_channels: widths of the decoder's transposed convolutions but the last; each
            doubles the sides of the encoder's last map, and so does the last.
        discriminator_channels: widths of the discriminator's convolutions of stride 2.
        visible_weight: weight of the target's visible pixels, 0 or above; 10 in the official code
            where there is an overlap.
        adversarial_weight: a, in [0, 1); 0 is without a discriminator.
        discriminator_lr_ratio: D's learning rate in a run, as a share of the generator's.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: an argument is out of its range, or the decoder does not end at the target's
            size.
    """

    metric_names = ("reconstruction",)

    def __init__(
        self,
        encoder: keras.Model,
        region: Literal["center", "block", "random"] = "center",
        decoder_channels: tuple[int, ...] = (256, 128, 64),
        discriminator_channels: tuple[int, ...] = (64, 128, 256, 512),
        visible_weight: float = 10.0,
        adversarial_weight: float = 0.001,
        discriminator_lr_ratio: float = 0.1,
        **kwargs,
    ):
        check_choices(ContextEncoder.__init__, region=region)
        if not 0 <= adversarial_weight < 1:
            raise ValueError(
                f"ContextEncoder(adversarial_weight=...) is in [0, 1); got {adversarial_weight}."
            )
        if visible_weight < 0:
            raise ValueError(
                f"ContextEncoder(visible_weight=...) is 0 or above; got {visible_weight}."
            )
        size = encoder.input["images"].shape[1]
        target = size // 2 if region == "center" else size
        weights = {"reconstruction": 1.0 - adversarial_weight}
        discriminator = None
        if adversarial_weight:
            weights["adversarial"] = adversarial_weight
            discriminator = dcgan_discriminator(target, discriminator_channels)
        super().__init__(
            encoder, discriminator, discriminator_lr_ratio, loss_weights=weights, **kwargs
        )
        self.visible_weight = visible_weight
        self.margin = (size - target) // 2
        self.fill = MaskFill()
        self.decoder = inpainting_decoder(encoder.output["features"], decoder_channels)
        if self.decoder.output.shape[1] != target:
            raise ValueError(
                f"ContextEncoder predicts {target} pixels a side (region {region!r} of {size}), "
                f"and the decoder ends at {self.decoder.output.shape[1]}: each of "
                "decoder_channels doubles the encoder's last map, and then comes one more doubling."
            )

    def call(self, batch, training=False):
        masked = self.fill([batch["images"], batch["mask"]])
        features = self.encode({"images": masked}, training)["features"]
        return {"prediction": self.decoder(features, training=training)}

    def loss_terms(self, batch, outputs, training):
        prediction, real = outputs["prediction"], 2.0 * self._target(batch["images"]) - 1.0
        weights = self.pixel_weights(batch["mask"])
        terms = {"reconstruction": weighted_squared_error(prediction, real, weights)}
        return {**terms, **self.adversarial_terms(real, prediction, training)}

    def pixel_weights(self, mask):
        """Weighs the pixels of the target.

        Args:
            mask: float32 (B, size, size, 1), 1 where hidden.

        Returns:
            float32 (B, target, target, 1): 1 where hidden, `visible_weight` elsewhere.
        """
        return ops.where(self._target(mask) > 0.5, 1.0, self.visible_weight)

    def _target(self, pixels):
        end = pixels.shape[1] - self.margin
        return pixels[:, self.margin : end, self.margin : end]

    def adapt(self, batches, examples=4096):
        """Takes the mean color of the data, which stands for what is hidden.

        Args:
            batches: tf.data.Dataset of training batches.
            examples: pictures to look at.

        Raises:
            ValueError: something is hidden outside the region that is predicted.
        """
        total, seen = np.zeros(3), 0
        for batch in batches:
            images, mask = (ops.convert_to_numpy(batch[name]) for name in ("images", "mask"))
            if mask.sum() > ops.convert_to_numpy(self._target(mask)).sum():
                raise ValueError(
                    "ContextEncoder(region='center') predicts the middle of a picture alone, and "
                    "the data hide pixels outside of it: give both the same region."
                )
            total += images.mean(axis=(1, 2), dtype="float64").sum(axis=0)
            seen += len(images)
            if seen >= examples:
                break
        self.fill.color.assign(total / seen)

    def inpaint(self, images, mask):
        """Predicts what is hidden.

        Args:
            images: float32 (B, size, size, 3) in [0, 1].
            mask: float32 (B, size, size, 1), 1 where hidden.

        Returns:
            float32 (B, size, size, 3) in [0, 1]: the visible pixels as they are, the hidden ones
            as predicted.
        """
        images, mask = (ops.convert_to_tensor(x, "float32") for x in (images, mask))
        prediction = self({"images": images, "mask": mask})["prediction"] / 2.0 + 0.5
        around = [self.margin, self.margin]
        return ops.where(mask > 0.5, ops.pad(prediction, [[0, 0], around, around, [0, 0]]), images)

    def validate(self, data):
        """Measures the error in the holes, beside filling them with the color of their borders.

        Args:
            data: mmssl.pipelines.images.RegionMaskedCrops over the held-out pictures.

        Returns:
            dict: `hole_error`, the mean squared error of the hidden pixels, in [0, 1];
            `border_error`, that of filling each hole with the mean color of the visible pixels
            around it; and `hole_ratio`, the first over the second.
        """
        count = len(data.source)
        spread = np.linspace(0, count - 1, min(count, VALIDATION_IMAGES)).astype(int)
        hole = border = hidden = 0.0
        for batch in data.masked_examples(data.source.select(spread)):
            images, mask = batch["images"].numpy(), batch["mask"].numpy()
            hole += np.sum((np.asarray(self.inpaint(images, mask)) - images) ** 2)
            border += np.sum((border_fill(images, mask) - images) ** 2)
            hidden += mask.sum() * 3
        return {
            "hole_error": float(hole / hidden),
            "border_error": float(border / hidden),
            "hole_ratio": float(hole / border),
        }

    def report_images(self, data):
        """Shows rows of masked, filled and true pictures.

        Args:
            data: mmssl.pipelines.images.RegionMaskedCrops over the pictures to show.

        Returns:
            list of one (title, caption, uint8 (H, W, 3)).
        """
        batch = next(iter(data.masked_examples(data.source, batch_size=REPORT_IMAGES)))
        images, mask = batch["images"].numpy(), batch["mask"].numpy()
        rows = [np.asarray(self.fill([images, mask])), self.inpaint(images, mask), images]
        sheet = np.concatenate([np.concatenate(list(np.asarray(row)), axis=1) for row in rows])
        caption = "Rows: what the encoder sees, what it was filled with, the true pictures."
        return [("Inpainting", caption, np.rint(sheet * 255).astype("uint8"))]
