"""Sampling of maps in raster order: each pixel is one step of every layer."""

import functools

import keras
import numpy as np
from keras import ops

from mmssl.encoders.parts.graph import inner_layers
from mmssl.generation.sampling_loop import SamplingLoop

ROWS = 4  # of pixels between two progress reports


class RasterSampler:
    """PixelCNN or PixelRNN as a step from a pixel to the next, with a sampling loop.

    Each layer that looks at other pixels keeps what it was given there, or its states, in maps; a
    pixel costs one step of every layer, and as many as it has channels, each of which is drawn
    before the next. Nothing is computed twice.

    Args:
        method: mmssl.methods.bases.RasterModel, whose current weights are used at every step.

    Attributes:
        height: rows of a picture.
        width: pixels of a row.
        channels: symbols of a pixel.

    Reference:
        van den Oord, Kalchbrenner, Kavukcuoglu 2016, arXiv 1601.06759.
    """

    def __init__(self, method):
        encoder = method.encoder
        self.method, self.channels = method, method.channels
        self.pixels, self.first = encoder.get_layer("pixels"), encoder.get_layer("first")
        self.height, self.width = self.pixels.output.shape[1:3]
        self.features = encoder.output["features"]
        self.conditions = [x.output for x in encoder.layers if x.name == "condition"]
        self.layers = _between([self.pixels.output, *self.conditions], encoder, self.features)

    def start(self, count):
        """Creates the state before the first pixel of so many pictures: its number, and maps."""
        size = count, self.height, self.width
        return ops.zeros((), "int32"), [x.start(*size) for x in self.layers if hasattr(x, "step")]

    def step(self, symbols, kept, row, column, conditions=()):
        """Computes the features of a pixel.

        Args:
            symbols: int32 (B, channels), those of the pixel that are drawn; any others.
            kept: list of maps, of `start` or of the step before.
            row: int32 scalar.
            column: int32 scalar.
            conditions: list of (B, C), what the encoder adds at this pixel.

        Returns:
            Pair of features (B, C) and the maps.
        """
        values = dict(zip(map(id, self.conditions), conditions, strict=True))
        values[id(self.pixels.output)] = self.pixels.embed(symbols)
        before, after = iter(kept), []
        for layer in self.layers:
            x = keras.tree.map_structure(lambda tensor: values[id(tensor)], layer.input)
            if hasattr(layer, "step"):
                x, maps = layer.step(x, next(before), row, column)
                after.append(maps)
            else:
                x = layer(x)
            values[id(layer.output)] = x
        return values[id(self.features)], after

    def advance(self, before, state, conditions, choose):
        """Draws a pixel, see `SamplingLoop`."""
        place, (first, *others) = state
        # Only the first layer sees all of a pixel: what lies behind it knows no last channel.
        last = ops.maximum(place - 1, 0)
        seen = self.pixels.embed(before)
        _, first = self.first.step(seen, first, last // self.width, last % self.width)
        kept, drawn = [first, *others], []
        row, column = place // self.width, place % self.width
        for channel in range(self.channels):
            symbols = ops.stack(drawn + [before[:, 0] * 0] * (self.channels - channel), axis=-1)
            features, kept = self.step(symbols, kept, row, column, conditions)
            logits = self.method.logits(features[:, None, None])
            drawn.append(choose(logits[:, 0, 0, channel], channel))
        return ops.stack(drawn, axis=-1), (place + 1, kept)

    def draw(self, given, temperature=1.0, seed=0, conditions=(), progress=None):
        """Draws the symbols of maps, all of them at once, in one compiled loop.

        Args:
            given: int32 (B, P, channels), symbols of the first P pixels, P from 0 on.
            temperature: 1 samples from the model's distribution, lower values sharpen it, 0 always
                takes the most likely symbol.
            seed: random seed; the same seed and B give the same pictures.
            conditions: list of (B, H, W, C), what the encoder adds at each pixel.
            progress: None, or function called with (pixels done, total pixels).

        Returns:
            int32 array (B, H, W, channels), which begins with what was given.

        Raises:
            ValueError: an argument is out of range, or Keras does not run on TensorFlow.
        """
        given = np.asarray(given, "int32")
        count, pixels, _ = given.shape
        total = self.height * self.width
        unseen = np.zeros((count, 1, self.channels), "int32")
        flat = [np.reshape(x, (count, total, -1)) for x in conditions]
        drawn = given[:, :0]
        if pixels < total:
            prompt = np.concatenate([unseen, given], axis=1)
            drawn = self._loop.run(
                prompt, total - pixels, self.start(count), temperature, seed, flat, progress
            )
        whole = np.concatenate([given, drawn], axis=1)
        return whole.reshape(count, self.height, self.width, self.channels)

    @functools.cached_property
    def _loop(self):
        return SamplingLoop(self.advance, self.channels, ROWS * self.width)


def _between(begin, encoder, end):
    """Lists the layers that lead from some tensors of an encoder to one, first to last."""
    known, found = set(map(id, begin)), []
    for layer in inner_layers(keras.Model(encoder.input, end)):
        if all(id(x) in known for x in keras.tree.flatten(layer.input)):
            known.add(id(layer.output))
            found.append(layer)
    return found
