"""Masked autoencoders."""

import keras
import numpy as np
from keras import ops

from mmssl.decoders import patch_decoder
from mmssl.encoders.parts import stages
from mmssl.layers import gather_tokens, patch_statistics, patchify, scatter_tokens, unpatchify
from mmssl.losses.token_regression import token_regression
from mmssl.methods.bases import Pretrainer
from mmssl.methods.bases.held_out_images import sheet, spread_out
from mmssl.methods.bases.parts import batch_total
from mmssl.methods.bases.reconstructed import as_pictures
from mmssl.methods.bases.visible_tokens import (
    check_positions,
    count_class_tokens,
    encode_visible,
    mask_model,
    masked_weights,
    merge_lists,
)

REPORT_IMAGES = 12


class MAE(Pretrainer):
    """Masked autoencoding (He, Chen, Xie, Li, Dollár, Girshick 2021, arXiv 2111.06377).

    The encoder sees the visible patches alone, a quarter of them; a small transformer, which is
    thrown away, predicts the pixels of the others:

        loss = mean_{masked patches t} 1/n sum_i (decoder(encoder(visible))_ti - y_ti)^2
        y_t  = (x_t - mean x_t) / sqrt(var x_t + 1e-6)

    x_t are the n pixel values of a patch as the encoder scales them, images to mean 0 and variance
    1 over ImageNet; the variance of a patch is the unbiased one. Each picture has the same number
    of masked patches. The spectrogram that an encoder makes of a recording is a picture, too
    (Huang et al. 2022, arXiv 2207.06405); patches in its padding do not count.

    Batch:
        <inputs>: the encoder's inputs, such as `images` float32 (B, size, size, 3) in [0, 1],
            whole.
        visible: int32 (B, M, V), positions of the visible patches; M masks of each image, 1 in the
            paper.
        masked: int32 (B, M, T - V), the other positions.

    Across replicas: the number of patches that count.

    Args:
        encoder: keras.Model with stages whose tokens are patches, such as
            `mmssl.encoders.vit_encoder()` or `mmssl.encoders.spectrogram_vit_encoder()`.
        normalize_patches: whether the target is y; else x.
        decoder_width: see `mmssl.decoders.patch_decoder`, as for the following arguments.
        decoder_depth: number of its blocks.
        decoder_num_heads: attention heads of a block.
        decoder_mlp_dim: hidden width of its feed-forward networks.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: the encoder's tokens are no patches, or the decoder refuses an argument.
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
        _check_patches(encoder)
        scaling, patches = encoder.get_layer("pixels"), encoder.get_layer("patches")
        self.normalize_patches = normalize_patches
        self.patch_size, _ = patches.kernel_size
        self.columns = patches.output.shape[2]
        # What is to be predicted keeps float32 where the encoder computes in less.
        self.picture = keras.Model(encoder.input, scaling.input, name="picture")
        self.scale, self.offset = np.float32(scaling.scale), np.float32(scaling.offset)
        self.class_tokens = count_class_tokens(encoder)
        self.local, self.positions = stages.local(encoder), stages.positions(encoder)
        self.context = stages.context(encoder)
        self.token_mask = mask_model(encoder, self.local)
        self.decoder = patch_decoder(
            encoder.output["features"].shape[-1],
            self.columns,
            scaling.output.shape[-1] * self.patch_size**2,
            self.class_tokens,
            decoder_width,
            decoder_depth,
            decoder_num_heads,
            decoder_mlp_dim,
        )

    def call(self, batch, training=False):
        visible, masked = batch["visible"], batch["masked"]
        local = self.local(self._inputs(batch), training=training)
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
        total = batch_total(batch, lambda whole: ops.sum(masked_weights(self.token_mask, whole)))
        weights = masked_weights(self.token_mask, batch)
        return {"reconstruction": ops.sum(weights * errors) / (total + 1e-7)}

    def _inputs(self, batch):
        return {name: batch[name] for name in self.encoder.input}

    def targets(self, batch):
        """Computes what the decoder is to predict, and how to get pixels from it.

        Args:
            batch: dict of tensors.

        Returns:
            Three float32 tensors: the targets (B * M, T - V, n), and the mean and the deviation
            (B * M, T - V, 1) that they were normalized by, 0 and 1 without `normalize_patches`.
        """
        pixels = self.picture(self._inputs(batch)) * self.scale + self.offset
        patches = gather_tokens(patchify(pixels, self.patch_size), batch["masked"])
        mean, deviation = patch_statistics(patches)
        if not self.normalize_patches:
            mean, deviation = ops.zeros_like(mean), ops.ones_like(deviation)
        return (patches - mean) / deviation, mean, deviation

    def reconstruct(self, batch):
        """Fills in the masked patches of pictures.

        Normalized predictions lack a patch's mean and contrast; those of the true patch are used.

        Args:
            batch: dict of the encoder's inputs, visible and masked.

        Returns:
            float32 array (B * M, H, W, C): the visible pixels unchanged, the masked ones predicted,
            within the range of these pictures' pixels, for images in [0, 1].
        """
        picture = self.picture(self._inputs(batch))
        _, mean, deviation = self.targets(batch)
        predictions = self.infer(batch)["predictions"] * deviation + mean
        rows, gaps, values = predictions.shape
        colors = ops.reshape(predictions, (rows, gaps, self.patch_size**2, -1))
        colors = (colors - self.offset) / self.scale
        colors = ops.clip(colors, ops.min(picture), ops.max(picture))
        return self._filled(batch, ops.reshape(colors, (rows, gaps, values)))

    def _filled(self, batch, patches):
        """Puts patches (B * M, T - V, n) into the gaps of pictures."""
        picture = patchify(self.picture(self._inputs(batch)), self.patch_size)
        seen = gather_tokens(picture, batch["visible"])
        whole = scatter_tokens(seen, patches, batch["visible"], batch["masked"])
        return ops.convert_to_numpy(unpatchify(whole, self.patch_size, self.columns))

    def validate(self, data):
        """Computes the error of held-out pictures, and that of predicting zeros.

        Args:
            data: pipeline with `masked_examples` over the held-out items, such as
                mmssl.pipelines.images.VisiblePatches.

        Returns:
            dict: `patch_error`, the loss, with masks that stay the same; `zero_error`, that of
            zeros: with `normalize_patches` of each patch's mean; and `patch_ratio`, the first
            divided by the second.
        """
        sums = np.zeros(3)
        for batch in data.masked_examples(spread_out(data.source)):
            targets = np.asarray(self.targets(batch)[0], "float64")
            weights = np.asarray(masked_weights(self.token_mask, batch))
            errors = np.mean((self.infer(batch)["predictions"] - targets) ** 2, axis=-1)
            zeros = np.mean(targets**2, axis=-1)
            sums += [np.sum(weights * x) for x in (errors, zeros, np.ones_like(errors))]
        error, zero, count = sums
        return {
            "patch_error": float(error / count),
            "zero_error": float(zero / count),
            "patch_ratio": float(error / zero),
        }

    def report_images(self, data):
        """Draws rows of masked, reconstructed and true pictures.

        Args:
            data: see `validate`, over the items to show.

        Returns:
            list of one (title, caption, uint8 (H, W, 3)).
        """
        batch = next(iter(data.masked_examples(data.source, batch_size=REPORT_IMAGES)))
        sets = {name: batch[name][:, :1] for name in ("visible", "masked")}
        batch = {**self._inputs(batch), **sets}
        gray = np.full(self.targets(batch)[0].shape, 0.5, "float32")
        true = ops.convert_to_numpy(self.picture(self._inputs(batch)))
        rows = [_drawn(x) for x in (self._filled(batch, gray), self.reconstruct(batch), true)]
        caption = "Rows: the visible patches, the masked ones reconstructed, the true pictures."
        if self.normalize_patches:
            caption += " Of each reconstructed patch, mean and contrast are the true ones."
        return [("Reconstructions", caption, sheet(rows))]


def _drawn(pictures):
    """Turns pictures, or spectrograms with one channel, into colors: see `as_pictures`."""
    return as_pictures(pictures[..., 0] if pictures.shape[-1] == 1 else pictures)


def _check_patches(encoder):
    lacking = {"pixels", "patches", "tokens"} - {layer.name for layer in encoder.layers}
    if lacking:
        raise ValueError(
            "MAE(encoder=...) needs the patches of a picture, as vit_encoder and "
            f"spectrogram_vit_encoder have; {encoder.name} has no layer {min(lacking)!r}."
        )
