"""Bounds on a learned number, such as a temperature."""

import keras
from keras import ops


class Bounded(keras.constraints.Constraint):
    """Keeps a variable within bounds: after each step, and where a checkpoint is read.

    Args:
        low: smallest value; None for none.
        high: largest value; None for none.
    """

    def __init__(self, low=None, high=None):
        self.low, self.high = low, high

    def __call__(self, value):
        value = value if self.low is None else ops.maximum(value, self.low)
        return value if self.high is None else ops.minimum(value, self.high)

    def get_config(self):
        return {"low": self.low, "high": self.high}
