"""The base class of models of pictures in raster order, whose likelihood is exact."""

import math

import keras
from keras import ops

from mmssl.layers import MaskedConv2D
from mmssl.methods.bases.pretrainer import Pretrainer
from mmssl.methods.bases.requirements import required_layer


class RasterModel(Pretrainer):
    """Predicts each symbol of a map from those before it, row by row, from left to right.

    A symbol is an intensity of a channel of a pixel, or a code; a subclass says in `symbols` where
    a batch has them.

    Args:
        encoder: keras.Model with masked layers behind its layer `pixels`, see
            `mmssl.encoders.parts.raster`.
        head_width: channels of the first of the two layers that make logits of the features; None
            for as many as the features have.
        **kwargs: passed to Pretrainer.

    Attributes:
        levels: number of values of a symbol.
        channels: symbols of a pixel.

    Raises:
        ValueError: the encoder is not masked, or `head_width` is too small.
    """

    splits_batches = True
    metric_names = ("nats", "bits")

    def __init__(self, encoder: keras.Model, head_width: int | None = None, **kwargs):
        super().__init__(encoder, **kwargs)
        name = type(self).__name__
        pixels = required_layer(name, encoder, "pixels", "mmssl.encoders.pixel_cnn_encoder")
        if not hasattr(pixels, "levels"):
            raise ValueError(
                f"{name}(encoder=...) predicts a pixel from those before it, but {encoder.name} "
                "sees them all: use pixel_cnn_encoder, row_lstm_encoder or "
                "diagonal_bilstm_encoder."
            )
        self.levels, self.channels = pixels.levels, pixels.channels
        if head_width is not None and head_width < self.channels:
            raise ValueError(
                f"{name}(head_width={head_width}) must be {self.channels} or more, or None."
            )
        features = encoder.output["features"].shape
        width, groups = head_width or features[-1], self.channels
        self.hidden = MaskedConv2D(width, 1, "B", groups, name="hidden")
        self.hidden.build(features)
        # Zero at first, so that the initial predictions are uniform.
        count = self.channels * self.levels
        self.scores = MaskedConv2D(count, 1, "B", groups, gain=0.0, dtype="float32", name="logits")
        self.scores.build((*features[:-1], width))

    def symbols(self, batch):
        """Returns what a batch has to be predicted, int32 (B, H, W, channels)."""
        raise NotImplementedError(f"{type(self).__name__} must define symbols.")

    def logits(self, features):
        """Computes the logits of every value: from (B, H, W, C) to (B, H, W, channels, levels).

        Those of a channel know the channels of the pixel before it.
        """
        scores = self.scores(ops.relu(self.hidden(ops.relu(features))))
        return ops.reshape(scores, (-1, *scores.shape[1:3], self.channels, self.levels))

    def call(self, batch, training=False):
        return {"logits": self.logits(self.encode(batch, training)["features"])}

    def nats(self, batch, outputs):
        """Computes the code length of each symbol, float32 (B, H, W, channels)."""
        return ops.sparse_categorical_crossentropy(
            self.symbols(batch), outputs["logits"], from_logits=True
        )

    def loss_terms(self, batch, outputs, training):
        nats = ops.mean(self.nats(batch, outputs))
        self.update_metric("bits", nats / math.log(2))
        return {"nats": nats}

    def log_prob(self, batch):
        """Computes the exact logarithms of the probabilities of maps.

        Args:
            batch: dict of arrays.

        Returns:
            float32 array (B,), in nats.
        """
        nats = self.nats(batch, self.infer(batch))
        return -ops.convert_to_numpy(ops.sum(nats, axis=(1, 2, 3)))
