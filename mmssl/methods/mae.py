"""Masked autoencoders."""

import keras
import numpy as np
from keras import ops

from mmssl.decoders import patch_decoder
from mmssl.encoders.parts import stages
from mmssl.encoders.parts.pixels import DEVIATION, MEAN
from mmssl.layers import gather_tokens, patch_statistics, patchify, scatter_tokens, unpatchify
from mmssl.losses.token_regression import token_regression
from mmssl.methods.bases import Pretrainer
from mmssl.methods.bases.held_out_images import sheet, spread_out
from mmssl.methods.bases.visible_tokens import (
    check_positions,
    count_class_tokens,
    encode_visible,
    merge_lists,
    square_side,
)

REPORT_IMAGES = 12


class MAE(Pretrainer):
    """Masked autoencoding (He, Chen, Xie, Li, Dollár, Girshick 2021, arXiv 2111.06377).

    The encoder sees the visible patches alone, a quarter of them; a small transformer, which is
    thrown away, predicts the pixels of the others:

        loss = mean_{masked patches t} 1/n sum_i (decoder(encoder(visible))_ti - y_ti)^2
        y_t  = (x_t - mean x_t) / sqrt(var x_t + 1e-6)

    x_t are the n pixel values of a patch, with mean 0 and variance 1 over ImageNet; the variance
    of a patch is the unbiased one. Each image has the same number of masked patches.

    Batch:
        images: float32 (B, size, size, 3) in [0, 1], whole.
        visible: int32 (B, M, V), positions of the visible patches; M masks of each image, 1 in the
            paper.
        masked: int32 (B, M, T - V), the other positions.

    Across replicas: nothing.

    Args:
        encoder: keras.Model of `images` with stages, such as `mmssl.encoders.vit_encoder()`.
        normalize_patches: whether the target is y; else x.
        decoder_width: see `mmssl.decoders.patch_decoder`, as for the following arguments.
        decoder_depth: number of its blocks.
        decoder_num_heads: attention heads of a block.
        decoder_mlp_dim: hidden width of its feed-forward networks.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: the encoder takes something else than images, or its tokens are not those of a
            square grid of patches; or the decoder refuses an argument.
    """

    splits_batches = True
    metric_names = ("reconstruction",)

    def __init__(
        self,
        encoder: keras.Model,
        normalize_patches: bool = True,
        decoder_width: int = 512,
        decoder_depth: int = 8,
        decoder_num_heads: int = 16,
        decoder_mlp_dim: int = 2048,
        **kwargs,
    ):
        super().__init__(encoder, **kwargs)
        grid = _grid(encoder)
        self.normalize_patches = normalize_patches
        self.patch_size = encoder.input["images"].shape[1] // grid
        self.class_tokens = count_class_tokens(encoder)
        self.local, self.positions = stages.local(encoder), stages.positions(encoder)
        self.context = stages.context(encoder)
        self.decoder = patch_decoder(
            encoder.output["features"].shape[-1],
            grid,
            3 * self.patch_size**2,
            self.class_tokens,
            decoder_width,
            decoder_depth,
            decoder_num_heads,
            decoder_mlp_dim,
        )

    def call(self, batch, training=False):
        visible, masked = batch["visible"], batch["masked"]
        local = self.local({"images": batch["images"]}, training=training)
        check_positions(local["tokens"].shape[1], visible.shape[-1], masked.shape[-1])
        features = encode_visible(
            self.positions, self.context, local, visible, self.class_tokens, training
        )
        whole = {"visible": merge_lists(visible), "masked": merge_lists(masked)}
        predictions = self.decoder({"features": features, **whole}, training=training)
        return {"predictions": gather_tokens(predictions, whole["masked"][:, None])}

    def loss_terms(self, batch, outputs, training):
        targets, _, _ = self.targets(batch)
        errors = token_regression(outputs["predictions"], targets, channel_reduction="mean")
        return {"reconstruction": ops.mean(errors)}

    def targets(self, batch):
        """Computes what the decoder is to predict, and how to get pixels from it.

        Args:
            batch: dict of tensors.

        Returns:
            Three float32 tensors: the targets (B * M, T - V, n), and the mean and the deviation
            (B * M, T - V, 1) that they were normalized by, 0 and 1 without `normalize_patches`.
        """
        pixels = (batch["images"] - np.float32(MEAN)) / np.float32(DEVIATION)
        patches = gather_tokens(patchify(pixels, self.patch_size), batch["masked"])
        mean, deviation = patch_statistics(patches)
        if not self.normalize_patches:
            mean, deviation = ops.zeros_like(mean), ops.ones_like(deviation)
        return (patches - mean) / deviation, mean, deviation

    def reconstruct(self, batch):
        """Fills in the masked patches of images.

        Normalized predictions lack a patch's mean and contrast; those of the true patch are used.

        Args:
            batch: dict of images, visible and masked.

        Returns:
            float32 array (B * M, size, size, 3) in [0, 1]: the visible pixels unchanged, the masked
            ones predicted.
        """
        _, mean, deviation = self.targets(batch)
        predictions = self.infer(batch)["predictions"] * deviation + mean
        size, (rows, gaps, _) = self.patch_size, predictions.shape
        colors = ops.reshape(predictions, (rows, gaps, size**2, 3))
        colors = ops.clip(colors * np.float32(DEVIATION) + np.float32(MEAN), 0.0, 1.0)
        return self._filled(batch, ops.reshape(colors, (rows, gaps, -1)))

    def _filled(self, batch, patches):
        """Puts patches (B * M, T - V, n) into the gaps of images."""
        seen = gather_tokens(patchify(batch["images"], self.patch_size), batch["visible"])
        whole = scatter_tokens(seen, patches, batch["visible"], batch["masked"])
        return ops.convert_to_numpy(unpatchify(whole))

    def validate(self, data):
        """Computes the error of held-out images, and that of predicting zeros.

        Args:
            data: mmssl.pipelines.images.VisiblePatches over the held-out images.

        Returns:
            dict: `patch_error`, the loss, with masks that stay the same; `zero_error`, that of
            zeros: with `normalize_patches` of each patch's mean; and `patch_ratio`, the first
            divided by the second.
        """
        source = spread_out(data.source)
        error = zero = 0.0
        for batch in data.masked_examples(source):
            targets = np.asarray(self.targets(batch)[0])
            error += np.sum((self.infer(batch)["predictions"] - targets) ** 2, dtype="float64")
            zero += np.sum(targets**2, dtype="float64")
        values = len(source) * targets[0].size * batch["visible"].shape[1]
        return {
            "patch_error": float(error / values),
            "zero_error": float(zero / values),
            "patch_ratio": float(error / zero),
        }

    def report_images(self, data):
        """Draws rows of masked, reconstructed and true images.

        Args:
            data: mmssl.pipelines.images.VisiblePatches over the images to show.

        Returns:
            list of one (title, caption, uint8 (H, W, 3)).
        """
        batch = next(iter(data.masked_examples(data.source, batch_size=REPORT_IMAGES)))
        batch = {name: x if name == "images" else x[:, :1] for name, x in batch.items()}
        gray = np.full(self.targets(batch)[0].shape, 0.5, "float32")
        rows = [self._filled(batch, gray), self.reconstruct(batch), batch["images"].numpy()]
        caption = "Rows: the visible patches, the masked ones reconstructed, the true images."
        if self.normalize_patches:
            caption += " Of each reconstructed patch, mean and contrast are the true ones."
        return [("Reconstructions", caption, sheet(rows))]


def _grid(encoder):
    """Returns the patches along each side of an encoder's images."""
    names, tokens = list(encoder.input), stages.stage_output(encoder, "tokens").shape[1]
    side = square_side(tokens)
    if names != ["images"] or side is None:
        raise ValueError(
            "MAE(encoder=...) needs the patches of a square image, as vit_encoder has; "
            f"{encoder.name} takes {' and '.join(names)} and has {tokens or 'any number of'} "
            "tokens."
        )
    return side
