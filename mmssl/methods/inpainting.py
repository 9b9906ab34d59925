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
from mmssl.methods.bases.held_out_images import sheet, spread_out
from mmssl.methods.bases.requirements import check_map

REPORT_IMAGES = 12


class ContextEncoder(AdversarialPretrainer):
    """Inpainting (Pathak, Krähenbühl, Donahue, Darrell, Efros 2016, arXiv 1604.07379).

    Regresses a masked region from its surroundings; a discriminator that sees only the region
    makes the predictions sharp:

        loss = (1 - a) mean_b sum_p w_p |x_p - G(visible)_p|^2 / (3 |{p: w_p > 0}|)
               - a log D(G(visible))
        loss of D = - log D(x) - log(1 - D(G(visible)))

    `a` is `adversarial_weight`; pixels are in [-1, 1]. The target is the central square of half the
    side length if the region is the center, and the whole image otherwise. In it, `w` is 1 for
    masked pixels and `visible_weight` for visible ones: with a center region these are the overlap,
    a band along its edges, and with other regions everything outside the mask. The encoder sees
    masked pixels filled with the mean color of the data, which `adapt` computes.

    Batch:
        images: float32 (B, size, size, 3) in [0, 1], unmasked.
        mask: float32 (B, size, size, 1), 1 where masked.

    Across replicas: the statistics of batch norm.

    Args:
        encoder: keras.Model of square `images`, such as `mmssl.encoders.dcgan_encoder()`.
        region: what is masked: `center`, `block` or `random`.
        decoder_channels: widths of the decoder's transposed convolutions but the last; each of
            them, including the last, doubles the height and width of the encoder's last map.
        discriminator_channels: widths of the discriminator's convolutions with stride 2.
        visible_weight: weight of the target's visible pixels, 0 or more; 10 in the official code
            for the overlap.
        adversarial_weight: a, in [0, 1); 0 trains without a discriminator.
        discriminator_lr_ratio: D's learning rate in a run, relative to the generator's; above 0.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: an argument is out of range, or the decoder's output does not have the size of
            the target.
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
                "ContextEncoder(adversarial_weight=...) must be in [0, 1); got "
                f"{adversarial_weight}."
            )
        if visible_weight < 0:
            raise ValueError(
                f"ContextEncoder(visible_weight=...) must be 0 or more; got {visible_weight}."
            )
        check_map("ContextEncoder", encoder)
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
                f"ContextEncoder predicts {target} pixels per side (region {region!r} of {size}), "
                f"but the decoder outputs {self.decoder.output.shape[1]}: each of decoder_channels "
                "doubles the size of the encoder's last map, and a last layer doubles it again."
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
        """Computes the loss weights of the target's pixels.

        Args:
            mask: float32 (B, size, size, 1), 1 where masked.

        Returns:
            float32 (B, target, target, 1): 1 where masked, `visible_weight` elsewhere.
        """
        return ops.where(self._target(mask) > 0.5, 1.0, self.visible_weight)

    def _target(self, pixels):
        end = pixels.shape[1] - self.margin
        return pixels[:, self.margin : end, self.margin : end]

    def adapt(self, batches, examples=4096):
        """Computes the mean color of the data, with which masked pixels are filled.

        Args:
            batches: tf.data.Dataset of training batches.
            examples: number of images to use.

        Raises:
            ValueError: pixels outside the predicted region are masked.
        """
        total, seen = np.zeros(3), 0
        for batch in batches:
            images, mask = (ops.convert_to_numpy(batch[name]) for name in ("images", "mask"))
            if mask.sum() > ops.convert_to_numpy(self._target(mask)).sum():
                raise ValueError(
                    "ContextEncoder(region='center') predicts only the center of an image, but the "
                    "data mask pixels outside of it: set the same region for method and data."
                )
            total += images.mean(axis=(1, 2), dtype="float64").sum(axis=0)
            seen += len(images)
            if seen >= examples:
                break
        self.fill.color.assign(total / seen)

    def inpaint(self, images, mask):
        """Fills in masked pixels.

        Args:
            images: float32 (B, size, size, 3) in [0, 1].
            mask: float32 (B, size, size, 1), 1 where masked.

        Returns:
            float32 (B, size, size, 3) in [0, 1]: the visible pixels unchanged, the masked ones
            predicted.
        """
        images, mask = (ops.convert_to_tensor(x, "float32") for x in (images, mask))
        prediction = self({"images": images, "mask": mask})["prediction"] / 2.0 + 0.5
        around = [self.margin, self.margin]
        return ops.where(mask > 0.5, ops.pad(prediction, [[0, 0], around, around, [0, 0]]), images)

    def validate(self, data):
        """Computes the error in the holes, and that of filling them with the color around them.

        Args:
            data: mmssl.pipelines.images.RegionMaskedCrops over the held-out images.

        Returns:
            dict: `hole_error`, the mean squared error of the masked pixels, in [0, 1];
            `border_error`, that of filling each hole with the mean color of the visible pixels
            around it; and `hole_ratio`, the first divided by the second.
        """
        hole = border = hidden = 0.0
        for batch in data.masked_examples(spread_out(data.source)):
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
        """Draws rows of masked, inpainted and true images.

        Args:
            data: mmssl.pipelines.images.RegionMaskedCrops over the images to show.

        Returns:
            list of one (title, caption, uint8 (H, W, 3)).
        """
        batch = next(iter(data.masked_examples(data.source, batch_size=REPORT_IMAGES)))
        images, mask = batch["images"].numpy(), batch["mask"].numpy()
        rows = [np.asarray(self.fill([images, mask])), self.inpaint(images, mask), images]
        caption = "Rows: what the encoder sees, the inpainted images, the true images."
        return [("Inpainting", caption, sheet(rows))]
