"""Recurrent layers that Keras lacks: WaveRNN's, whose two halves predict the bytes of a sample."""

import math

import keras
from keras import ops

from mmssl.layers.gradient import custom_gradient

CENTER = 127.5  # bytes become value / CENTER - 1
START = (128, 0)  # bytes of silence, which stand before the first sample
GAINS = 2.0**10  # of the unit that amplifies most, over the one that amplifies least
SPREAD = 2.0  # largest initial bias: it shifts a unit's step to samples above or below zero


@keras.saving.register_keras_serializable("mmssl")
class DualGRU(keras.layers.Layer):
    """WaveRNN's recurrent layer over samples of two bytes, coarse c and fine f.

        x_t = [c_{t-1}, f_{t-1}, c_t], scaled to [-1, 1]
        u = sigmoid(R_u h_{t-1} + I_u x_t + b_u)
        r = sigmoid(R_r h_{t-1} + I_r x_t + b_r)
        e = tanh(r . (R_e h_{t-1}) + I_e x_t + b_e)
        h_t = u . h_{t-1} + (1 - u) . e

    The first half of h predicts c_t, the second half f_t: I connects c_t with the second half only,
    R is full. Before the first sample stands silence, (128, 0), and h is zero. The state is float32
    in every precision; only the product with R is computed in the layer's own.

    The input weights begin as if x were the sample, s / 32768, amplified by another gain in each
    unit, so that quiet and loud samples both move some of the units.

    Args:
        units: width of h, even.

    Call arguments:
        inputs: pair of int32 (B, T), coarse and fine bytes.

    Returns:
        (B, T, units): h_t, from samples before t and the coarse byte of t.

    Raises:
        ValueError: `units` is not even, or below 2.

    Reference:
        Kalchbrenner et al. 2018, arXiv 1802.08435, section 2.
    """

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        if units < 2 or units % 2:
            raise ValueError(f"DualGRU(units=...) must be even, 2 or more; got {units}.")
        self.units = units

    def build(self, input_shape):
        width = 3 * self.units
        self.recurrent = self.add_weight(
            (self.units, width), initializer="orthogonal", name="recurrent"
        )
        self.past = self.add_weight((2, width), initializer=_amplified, name="past")
        self.present = self.add_weight(
            (1, 3, self.units // 2), initializer=_amplified, name="present"
        )
        spread = keras.initializers.RandomUniform(-SPREAD, SPREAD)
        self.bias = self.add_weight((width,), initializer=spread, name="bias")

    def call(self, inputs):
        coarse, fine = inputs
        for_coarse, for_fine = self._halves(self._from_past(*_before(coarse, fine)))
        gates = ops.stack([for_coarse, for_fine + self.from_present(coarse)], axis=-2)
        gates = ops.reshape(gates, (*ops.shape(coarse), 3 * self.units))
        return ops.cast(gated_recurrence(gates, self._kernel()), self.compute_dtype)

    def halves(self, coarse, fine, state):
        """Computes what the gates of both halves are given by the sample and the state before.

        Args:
            coarse: int32 (...), coarse bytes of the samples before.
            fine: int32 (...), fine bytes likewise.
            state: float32 (..., units), the states before.

        Returns:
            Two triples, for the coarse and for the fine half, that `gated_step` takes: inputs and
            products float32 (..., 3, units / 2), and the half of the state.
        """
        parts = self._from_past(coarse, fine), _product(state, self._kernel())
        return tuple(zip(*map(self._halves, parts), ops.split(state, 2, axis=-1), strict=True))

    def from_present(self, coarse):
        """Maps coarse bytes (...) to inputs (..., 3, units / 2) that the fine half adds to its."""
        return _scaled(coarse)[..., None, None] * ops.cast(self.present[0], "float32")

    def fine_states(self, coarse, fine, states, present):
        """Computes the fine half of every state as if the coarse byte had been another one.

        Args:
            coarse: int32 (B, T), of which `call` made the states.
            fine: int32 (B, T), likewise.
            states: (B, T, units).
            present: int32 (B, T), the other coarse bytes.

        Returns:
            float32 (B, T, units / 2).
        """
        old = _delayed(ops.cast(states, "float32"), 0)
        _, (inputs, products, half) = self.halves(*_before(coarse, fine), old)
        return gated_step(inputs + self.from_present(present), products, half)

    def _from_past(self, coarse, fine):
        x = ops.stack([_scaled(coarse), _scaled(fine)], axis=-1)
        return ops.matmul(x, ops.cast(self.past, "float32")) + ops.cast(self.bias, "float32")

    def _halves(self, gates):
        """Splits (..., 3 * units) into the gates of either half, two of (..., 3, units / 2)."""
        gates = ops.reshape(gates, (*ops.shape(gates)[:-1], 3, 2, self.units // 2))
        return gates[..., 0, :], gates[..., 1, :]

    def _kernel(self):
        return ops.cast(self.recurrent, self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return (*input_shape[0], self.units)

    def get_config(self):
        return {**super().get_config(), "units": self.units}


def gated_step(inputs, recurrent, state):
    """Computes one step of gated recurrent units.

    Args:
        inputs: float32 (..., 3, H), I x + b of the gates u, r and e.
        recurrent: float32 (..., 3, H), R h.
        state: float32 (..., H), h.

    Returns:
        float32 (..., H), the next h.
    """
    u, _, e = _gates(inputs, recurrent)
    return u * state + (1 - u) * e


def gated_recurrence(inputs, recurrent):
    """Runs gated recurrent units over inputs that are already projected, from a state of zeros.

    The gradient is backpropagation through time, exact, in which only what goes from step to step
    is computed step by step: all other products are one each. Of the forward pass, it keeps the
    states alone.

    Args:
        inputs: float32 (B, T, 3 * H), I x + b of the gates u, r and e.
        recurrent: (H, 3 * H); its dtype is that of the products.

    Returns:
        float32 (B, T, H), the states.
    """
    return _recurrence(inputs, recurrent)


class _Unit:
    """A step of the recurrence, in the form that keras.layers.RNN takes."""

    compute_dtype = "float32"

    def __init__(self, recurrent):
        self.recurrent, self.state_size = recurrent, recurrent.shape[0]

    def call(self, inputs, states):
        state = gated_step(
            _by_gate(inputs), _by_gate(_product(states[0], self.recurrent)), states[0]
        )
        return state, [state]

    __call__ = call


@custom_gradient
def _recurrence(inputs, recurrent):
    # Of the loops that Keras has, this is the one that ONNX and LiteRT can express.
    loop = keras.layers.RNN(_Unit(recurrent), return_sequences=True, dtype="float32")
    states = loop(inputs)

    def gradient(upstream):
        return _gradients(inputs, recurrent, states, upstream)

    return states, gradient


def _gradients(inputs, recurrent, states, upstream):
    """Gradients of `inputs` and `recurrent`, from those of the states, (B, T, H)."""
    old = _delayed(states, 0)
    products = _by_gate(_product(old, recurrent))
    u, r, e = _gates(_by_gate(inputs), products)
    # By how much each gate's argument, and the product in it, moves the state.
    candidate = (1 - u) * (1 - ops.square(e))
    update, reset = (old - e) * u * (1 - u), candidate * products[..., 2, :] * r * (1 - r)
    slopes = ops.stack([update, reset, candidate, candidate * r], axis=-2)
    totals = _totals(upstream, u, slopes, ops.transpose(recurrent))

    of_gates = totals[..., None, :] * slopes
    of_products = ops.reshape(ops.take(of_gates, [0, 1, 3], axis=-2), (-1, recurrent.shape[1]))
    rows = ops.reshape(old, (-1, old.shape[-1]))
    of_recurrent = _product(ops.transpose(rows), ops.cast(of_products, recurrent.dtype))
    of_inputs = ops.reshape(of_gates[..., :3, :], ops.shape(inputs))
    return of_inputs, ops.cast(of_recurrent, recurrent.dtype)


def _totals(upstream, u, slopes, turned):
    """Gradients of the states with all that comes after them: float32 (B, T, H)."""

    def step(later, now):
        given, u, update, reset, _, product = ops.split(now, 6, axis=-1)
        total = given + later
        moved = ops.concatenate([total * slope for slope in (update, reset, product)], axis=-1)
        return total * u + _product(moved, turned), total

    # One array: Keras cannot scan several of unknown length.
    parts = [upstream, u, *ops.unstack(slopes, axis=-2)]
    parts = ops.swapaxes(ops.concatenate(parts, axis=-1), 0, 1)
    _, totals = ops.scan(step, ops.zeros_like(upstream[:, 0]), parts, reverse=True)
    return ops.swapaxes(totals, 0, 1)


def _gates(inputs, recurrent):
    """The gates u, r and e, each (..., H)."""
    u, r = (ops.sigmoid(inputs[..., i, :] + recurrent[..., i, :]) for i in (0, 1))
    return u, r, ops.tanh(inputs[..., 2, :] + r * recurrent[..., 2, :])


def _by_gate(values):
    """Reshapes (..., 3 * H) to (..., 3, H)."""
    return ops.reshape(values, (*ops.shape(values)[:-1], 3, values.shape[-1] // 3))


def _product(x, kernel):
    """Multiplies in the kernel's dtype; the result is float32."""
    return ops.cast(ops.matmul(ops.cast(x, kernel.dtype), kernel), "float32")


def _scaled(value):
    return ops.cast(value, "float32") / CENTER - 1


def _before(coarse, fine):
    """The bytes (B, T) of the sample before each."""
    return [_delayed(x, start) for x, start in zip((coarse, fine), START, strict=True)]


def _delayed(values, start):
    """Delays (B, T, ...) by one step; `start` comes first."""
    return ops.concatenate([ops.full_like(values[:, :1], start), values[:, :-1]], axis=1)


def _amplified(shape, dtype=None):
    """Draws weights of a sample's bytes (2, ...), or of the coarse one (1, ...)."""
    gains = ops.exp(keras.random.uniform(shape[1:], 0, math.log(GAINS)))
    signs = ops.sign(keras.random.uniform(shape[1:], -1, 1))
    # A fine byte is worth 1 / 256 of a coarse one.
    return ops.stack([signs * gains / 256**row for row in range(shape[0])])
