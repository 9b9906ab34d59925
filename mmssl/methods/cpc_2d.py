"""Contrastive predictive coding of images, versions 1 and 2."""

import keras
import numpy as np
from keras import ops

from mmssl import distribution
from mmssl.losses.info_nce import future_info_nce
from mmssl.losses.parts.inputs import positive_number
from mmssl.methods.bases import Pretrainer
from mmssl.methods.bases.held_out_images import first_images, sheet

TAPS = 3  # of a convolution of the context network
DIRECTIONS = (1, 4)
REPORT_IMAGES = 12


class CPC2D(Pretrainer):
    """Contrastive predictive coding of images (van den Oord, Li, Vinyals 2018, arXiv 1807.03748;
    version 2: Hénaff et al. 2019, arXiv 1905.09272).

    From the context c_ij, which sees the patches of rows up to i, classifies the latent z of the
    patch k rows below among those of all patches of all images in the batch:

        loss = -mean_{k, i, j} log( exp(W_k c_ij . z_{i+k,j} / T) / sum_l exp(W_k c_ij . z_l / T) )

    Gradients flow into latents and predictions. Version 2 predicts in all four directions, with a
    context network each, from patches that are changed one by one; the encoder has no batch norm
    in either, which would let patches see each other.

    Batch:
        patches: float32 (B, G * G, size, size, 3) in [0, 1], overlapping patches row by row.

    Across replicas: the latents, with gradients.

    Args:
        encoder: keras.Model of `mmssl.encoders.patch_grid_encoder`.
        offsets: the k, from the first that does not overlap, 2 where patches overlap by half.
        directions: 1, down, or 4.
        context_width: channels of the context network.
        context_depth: its masked convolutions of 3 x 3.
        temperature: T, above 0; 1 in the paper.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: an argument is out of range, or the encoder has no patches, or has batch norm.
    """

    metric_names = ("info_nce", "accuracy")

    def __init__(
        self,
        encoder: keras.Model,
        offsets: tuple[int, ...] = (2, 3, 4, 5),
        directions: int = 1,
        context_width: int = 256,
        context_depth: int = 5,
        temperature: float = 1.0,
        **kwargs,
    ):
        super().__init__(encoder, **kwargs)
        positive_number(temperature=temperature, context_depth=context_depth)
        if directions not in DIRECTIONS:
            raise ValueError(f"CPC2D(directions={directions}) must be 1 or 4.")
        self.latents = _patches_to_map(encoder)
        grid, width = encoder.output["features"].shape[2:]
        if not offsets or not 1 <= min(offsets) <= max(offsets) < grid:
            raise ValueError(
                f"CPC2D(offsets={list(offsets)}) must be numbers of rows from 1 to {grid - 1}, of "
                f"a grid of {grid} x {grid} patches."
            )
        self.offsets = tuple(offsets)
        self.temperature = temperature
        self.predictors = [
            predictor(grid, width, context_width, context_depth, len(offsets), f"context_{number}")
            for number in range(1, directions + 1)
        ]

    def call(self, batch, training=False):
        """Encodes the patches, and predicts those below.

        Returns:
            dict of `latents` (B, G, G, D), and `predictions`, a list of (B, G, G, K * D) of each
            direction, turned so that it points down.
        """
        patches = batch["patches"]
        latents = self.latents(ops.reshape(patches, (-1, *patches.shape[2:])), training=training)
        predictions = [
            network(turned(latents, times), training=training)
            for times, network in enumerate(self.predictors)
        ]
        return {"latents": latents, "predictions": predictions}

    def loss_terms(self, batch, outputs, training):
        latents = ops.cast(outputs["latents"], "float32")
        found = [
            self._offset(turned(latents, times), predictions, place)
            for times, predictions in enumerate(outputs["predictions"])
            for place in range(len(self.offsets))
        ]
        losses, hits = zip(*found, strict=True)
        self.update_metric("accuracy", sum(hits) / len(hits))
        return {"info_nce": sum(losses) / len(losses)}

    def _offset(self, latents, predictions, place):
        """Computes loss and accuracy of predictions some rows down."""
        rows, grid, _, width = ops.shape(latents)
        k = self.offsets[place]
        ahead = predictions[:, :-k, :, place * width : (place + 1) * width] / self.temperature
        pool = ops.reshape(distribution.gather(latents), (-1, width))
        target = (ops.arange(rows) + distribution.first_row(rows))[:, None] * grid**2
        target = ops.reshape(target + ops.arange(k * grid, grid**2), (-1,))
        return future_info_nce(
            ops.reshape(ahead, (-1, width)),
            ops.reshape(latents[:, k:], (-1, width)),
            pool,
            target[:, None] == ops.arange(ops.shape(pool)[0]),
        )

    def report_images(self, data):
        """Draws pictures, a patch of their last row, and the patch that is taken for it.

        Args:
            data: mmssl.pipelines.images.PatchGrids over the pictures to show.

        Returns:
            list of one (title, caption, uint8 (H, W, 3)).
        """
        images = first_images(data, REPORT_IMAGES)
        cut = np.asarray(self.encoder.get_layer("patches")(images))
        outputs = self.infer({"patches": cut.reshape(len(images), -1, *cut.shape[1:])})
        grid, width = outputs["latents"].shape[2:]
        column, k = grid // 2, self.offsets[0]
        predicted = outputs["predictions"][0][:, grid - 1 - k, column, :width]
        chosen = np.argmax(predicted @ outputs["latents"].reshape(-1, width).T, axis=1)
        true = np.arange(len(images)) * grid**2 + (grid - 1) * grid + column
        pixels = np.arange(images.shape[1]) * cut.shape[1] // images.shape[1]
        rows = [images, *(cut[which][:, pixels][:, :, pixels] for which in (true, chosen))]
        caption = (
            "Rows: pictures, the patch in the middle of their last row, and the patch of all "
            f"these pictures that is predicted from what lies {k} rows above it and higher."
        )
        return [("Predicted patches", caption, sheet(rows))]


def predictor(grid, latent_width, width, depth, steps, name):
    """Builds a context network, and the linear maps W_k on what it computes.

        c <- c + conv(relu(c)), of which a place sees its own row, two above and their neighbors

    Args:
        grid: patches along each side.
        latent_width: D.
        width: channels of the contexts.
        depth: number of convolutions, 1 or more.
        steps: K, number of maps.
        name: of the model.

    Returns:
        keras.Model from latents (B, grid, grid, D) to float32 (B, grid, grid, K * D).
    """
    latents = keras.Input((grid, grid, latent_width))
    x = keras.layers.Conv2D(width, 1)(latents)
    for _ in range(depth):
        above = keras.layers.ZeroPadding2D(((TAPS - 1, 0), (TAPS // 2, TAPS // 2)))(
            keras.layers.ReLU()(x)
        )
        x = keras.layers.Add()([x, keras.layers.Conv2D(width, TAPS)(above)])
    x = keras.layers.Dense(steps * latent_width, use_bias=False, dtype="float32")(x)
    return keras.Model(latents, x, name=name)


def turned(maps, times):
    """Turns square maps (B, G, G, C) counterclockwise by quarter turns, 0 to 3."""
    if times == 2:
        return ops.flip(maps, axis=(1, 2))
    if times:
        return ops.flip(ops.transpose(maps, (0, 2, 1, 3)), axis=1 if times == 1 else 2)
    return maps


def _patches_to_map(encoder):
    """Builds the part of an encoder from patches to the map of their latents."""
    if "patches" not in (layer.name for layer in encoder.layers) or list(encoder.input) != [
        "images"
    ]:
        raise ValueError(
            "CPC2D(encoder=...) needs one that sees patches one by one, as of "
            f"mmssl.encoders.patch_grid_encoder; got {encoder.name}."
        )
    if any(isinstance(layer, keras.layers.BatchNormalization) for layer in encoder.layers):
        raise ValueError(
            "CPC2D(encoder=...) has batch norm, by which patches see each other: use layer norm."
        )
    return keras.Model(encoder.get_layer("patches").output, encoder.output["features"])
