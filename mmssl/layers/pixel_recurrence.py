"""Recurrent layers over pictures: row by row, and along both diagonals."""

import math

import keras
import numpy as np
from keras import ops

from mmssl.layers.masked_convolution import causal_mask
from mmssl.layers.pixel_maps import empty_map, put, window

GATES = 4  # output, forget, input, and the candidate


class PixelLSTM(keras.layers.Layer):
    """What both layers share: LSTM units with a state of float32 at each pixel.

        [o, f, i, g] = inputs + recurrent(states before)
        c = sigmoid(f) . c before + sigmoid(i) . tanh(g)
        h = sigmoid(o) . tanh(c)

    The state before the picture, and beside it, is zero.

    Args:
        units: channels of h and c.
        groups: number of groups of channels, which have their turn within a pixel, see
            `mmssl.layers.causal_mask`.

    Call arguments:
        x: (B, H, W, C), H and W known.

    Returns:
        (B, H, W, units).

    Reference:
        van den Oord, Kalchbrenner, Kavukcuoglu 2016, arXiv 1601.06759, section 3.
    """

    def __init__(self, units, groups=1, **kwargs):
        super().__init__(**kwargs)
        if units < groups:
            raise ValueError(
                f"{type(self).__name__}(units={units}) must be {groups} or more, one a group"
            )
        self.units, self.groups = units, groups

    def weights_of(self, name, shape, seen):
        """Adds weights (..., C, 4 * units) whose outputs see `seen` inputs."""
        start = keras.initializers.RandomNormal(stddev=math.sqrt(1 / seen))
        shape = (*shape, GATES * self.units)
        return self.add_weight(shape, initializer=start, name=name)

    def add_bias(self, *shape):
        """Adds the bias (..., 4 * units), 1 for gates that keep the state, else 0."""

        def start(shape, dtype=None):
            opened = np.repeat([0.0, 1.0, 0.0, 0.0], self.units)
            return ops.cast(ops.broadcast_to(opened, shape), dtype or "float32")

        return self.add_weight((*shape, GATES * self.units), initializer=start, name="bias")

    def product(self, x, kernel):
        """Multiplies (..., C) in the layer's precision; the result is float32."""
        kernel = ops.cast(kernel, self.compute_dtype)
        return ops.cast(ops.matmul(ops.cast(x, self.compute_dtype), kernel), "float32")

    def after(self, gates, cell):
        """Computes h and c, float32 (..., units), of gates (..., 4 * units) and the c before."""
        out, keep, write, new = ops.split(gates, GATES, axis=-1)
        cell = ops.sigmoid(keep) * cell + ops.sigmoid(write) * ops.tanh(new)
        return ops.sigmoid(out) * ops.tanh(cell), cell

    def run(self, gates, recurrent):
        """Runs over the second axis, from a state of zeros.

        Args:
            gates: float32 (B, T, N, 4 * units), what the inputs give them.
            recurrent: function from h float32 (B, N, units) to the same for a step.

        Returns:
            float32 (B, T, N, units), h.
        """
        _, steps, places, _ = gates.shape
        cell = _Cell(self, places, recurrent)
        flat = keras.layers.RNN(cell, return_sequences=True, dtype="float32")(gates)
        return ops.reshape(flat, (-1, steps, places, self.units))

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def get_config(self):
        return {**super().get_config(), "units": self.units, "groups": self.groups}


class _Cell:
    """A step of the recurrence, in the form that keras.layers.RNN takes: flat states."""

    compute_dtype = "float32"

    def __init__(self, layer, places, recurrent):
        self.layer, self.places, self.recurrent = layer, places, recurrent
        self.state_size = [places * layer.units] * 2

    def call(self, gates, states):
        hidden, cell = (ops.reshape(x, (-1, self.places, self.layer.units)) for x in states)
        after = self.layer.after(gates + self.recurrent(hidden), cell)
        flat = [ops.reshape(x, (-1, self.state_size[0])) for x in after]
        return flat[0], flat

    __call__ = call


@keras.saving.register_keras_serializable("mmssl")
class RowLSTM(PixelLSTM):
    """LSTM units that run down a picture, a row at a time; see `PixelLSTM`.

    A pixel is given its own row up to itself, by a masked convolution, and the states of some
    pixels of the row above: its context is a triangle.

    Args:
        units: see `PixelLSTM`, as for the next.
        groups: number of groups of channels.
        kernel_size: pixels of both convolutions, odd.
    """

    def __init__(self, units, groups=1, kernel_size=3, **kwargs):
        super().__init__(units, groups, **kwargs)
        self.kernel_size, self.half = kernel_size, kernel_size // 2

    def build(self, input_shape):
        channels = input_shape[-1]
        whole = causal_mask(self.kernel_size, "B", channels, self.units, self.groups)
        self.mask = np.tile(whole[self.half, : self.half + 1], (1, 1, GATES))
        self.kernel = self.weights_of("kernel", self.mask.shape[:2], self.mask[..., -1].sum())
        before = self.kernel_size * self.units
        self.recurrent = self.weights_of("recurrent", (before,), before)
        self.bias = self.add_bias()

    def call(self, x):
        x = ops.pad(ops.cast(x, self.compute_dtype), ((0, 0), (0, 0), (self.half, 0), (0, 0)))
        gates = ops.cast(ops.conv(x, self._masked()[None], padding="valid"), "float32")
        hidden = self.run(gates + ops.cast(self.bias, "float32"), self._from_above)
        return ops.cast(hidden, self.compute_dtype)

    def _masked(self):
        mask = ops.convert_to_tensor(self.mask, self.compute_dtype)
        return ops.cast(self.kernel, self.compute_dtype) * mask

    def _from_above(self, hidden):
        places = hidden.shape[1]
        padded = ops.pad(hidden, ((0, 0), (self.half, self.half), (0, 0)))
        shifted = [padded[:, i : i + places] for i in range(self.kernel_size)]
        return self.product(ops.concatenate(shifted, axis=-1), self.recurrent)

    def start(self, rows, height, width):
        """Creates what `step` keeps: inputs, h and c, each a map with margins of zeros."""
        wide = width + 2 * self.half
        inputs = (1, width + self.half, rows, self.kernel.shape[1])
        return (
            empty_map(inputs, self.compute_dtype),
            empty_map((height + 1, wide, rows, self.units)),
            empty_map((height + 1, width, rows, self.units)),
        )

    def step(self, x, kept, row, column):
        """Computes one pixel; see `mmssl.layers.MaskedConv2D.step`."""
        inputs, hidden, cell = kept
        inputs = put(inputs, x, 0 * row, column + self.half)
        seen = window(inputs, 0, column, 1, self.half + 1)
        kernel = ops.reshape(self._masked(), (-1, GATES * self.units))
        gates = self.product(seen, kernel) + ops.cast(self.bias, "float32")
        above = window(hidden, row, column, 1, self.kernel_size)
        gates = gates + self.product(above, self.recurrent)
        new, new_cell = self.after(gates, window(cell, row, column, 1, 1))
        hidden = put(hidden, new, row + 1, column + self.half)
        return ops.cast(new, self.compute_dtype), (
            inputs,
            hidden,
            put(cell, new_cell, row + 1, column),
        )

    def get_config(self):
        return {**super().get_config(), "kernel_size": self.kernel_size}


@keras.saving.register_keras_serializable("mmssl")
class DiagonalBiLSTM(PixelLSTM):
    """LSTM units that run along both diagonals of a picture; see `PixelLSTM`.

    To the right, a pixel is given the states of the pixels on its left and above it; to the left,
    those on its right and above it. The second direction's output is moved down by a row, so that a
    pixel sees nothing behind it in its own row; the two are added up. So a pixel sees all pixels
    before it.

    Args:
        units: see `PixelLSTM`, as for the next.
        groups: number of groups of channels.
    """

    def build(self, input_shape):
        channels = input_shape[-1]
        mask = causal_mask(1, "B", channels, self.units, self.groups)[0, 0]
        self.mask = np.tile(mask, (1, GATES))
        self.kernel = self.weights_of("kernel", (2, channels), self.mask[:, -1].sum())
        self.recurrent = self.weights_of("recurrent", (2, 2 * self.units), 2 * self.units)
        self.bias = self.add_bias(2)

    def call(self, x):
        mirrored = ops.flip(x, axis=2)
        both = [skew(self._gates(one, i)) for i, one in enumerate((x, mirrored))]
        # Both directions in one loop, the rows of the second below those of the first. Where there
        # is no pixel yet, what gates are given is zero, candidates too: so are the states.
        columns = ops.swapaxes(ops.concatenate(both, axis=1), 1, 2)
        rows = ops.swapaxes(self.run(columns, self._from_before), 1, 2)
        right, left = (unskew(half) for half in ops.split(rows, 2, axis=1))
        below = ops.pad(ops.flip(left, axis=2)[:, :-1], ((0, 0), (1, 0), (0, 0), (0, 0)))
        return ops.cast(right + below, self.compute_dtype)

    def _from_before(self, hidden):
        """What the column before gives each row of both directions, by itself and the row above."""
        halves = ops.reshape(hidden, (-1, 2, hidden.shape[1] // 2, self.units))
        above = ops.pad(halves[:, :, :-1], ((0, 0), (0, 0), (1, 0), (0, 0)))
        given = ops.concatenate([above, halves], axis=-1)
        products = self.product(given, self.recurrent)
        return ops.reshape(products, (-1, hidden.shape[1], GATES * self.units))

    def _gates(self, x, direction):
        mask = ops.convert_to_tensor(self.mask, self.compute_dtype)
        kernel = ops.cast(self.kernel[direction], self.compute_dtype) * mask
        return self.product(x, kernel) + ops.cast(self.bias[direction], "float32")

    def start(self, rows, height, width):
        """Creates what `step` keeps: inputs, and h and c of both directions, with margins."""
        state = (height + 1, width + 2, rows, self.units)
        inputs = (height, width, rows, self.kernel.shape[1])
        return (empty_map(inputs, self.compute_dtype), *(empty_map(state) for _ in range(4)))

    def step(self, x, kept, row, column):
        """Computes one pixel; see `mmssl.layers.MaskedConv2D.step`.

        At the first pixel of a row, the second direction runs over the row above, which is whole.
        """
        inputs, *states = kept
        right, left = self._row_above(inputs, states[2:], row, column), states[:2]
        inputs = put(inputs, x, row, column)
        left, new = self._one(inputs, left, row, column, 0)
        below = window(right[0], row, column + 1, 1, 1)
        return ops.cast(new + below, self.compute_dtype), (inputs, *left, *right)

    def _row_above(self, inputs, states, row, column):
        last = inputs.shape[1] - 1

        def one(place, hidden, cell):
            (hidden, cell), _ = self._one(inputs, (hidden, cell), row - 1, place, 1)
            return place - 1, hidden, cell

        first = ops.where(ops.logical_and(column == 0, row > 0), last, -1)
        looped = (ops.cast(first, "int32"), *states)
        return ops.while_loop(lambda place, *_: place >= 0, one, looped)[1:]

    def _one(self, inputs, states, row, column, direction):
        """Computes h and c of one pixel and writes them, with margins above and on both sides."""
        hidden, cell = states
        before = column + (0 if direction == 0 else 2)
        gates = self._gates(window(inputs, row, column, 1, 1), direction)
        above = window(hidden, row, column + 1, 1, 1)
        beside = window(hidden, row + 1, before, 1, 1)
        given = ops.concatenate([above, beside], axis=-1)
        gates = gates + self.product(given, self.recurrent[direction])
        new, new_cell = self.after(gates, window(cell, row + 1, before, 1, 1))
        place = row + 1, column + 1
        return (put(hidden, new, *place), put(cell, new_cell, *place)), new


def skew(maps):
    """Moves row i of maps to the right by i pixels, so that diagonals become columns.

    Args:
        maps: (B, H, W, C), H and W known.

    Returns:
        (B, H, W + H - 1, C), zero where there is no pixel.
    """
    _, height, width, channels = maps.shape
    wide = ops.pad(maps, ((0, 0), (0, 0), (0, height), (0, 0)))
    # Rows of one pixel less: each begins a pixel later than the one above.
    flat = ops.reshape(wide, (-1, height * (width + height), channels))[:, :-height]
    return ops.reshape(flat, (-1, height, width + height - 1, channels))


def unskew(maps):
    """Undoes `skew`: from (B, H, W + H - 1, C) to (B, H, W, C)."""
    _, height, wide, channels = maps.shape
    flat = ops.reshape(maps, (-1, height * wide, channels))
    flat = ops.pad(flat, ((0, 0), (0, height), (0, 0)))
    return ops.reshape(flat, (-1, height, wide + 1, channels))[:, :, : wide - height + 1]
