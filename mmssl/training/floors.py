"""Figures of a method that must not fall below a value."""

from dataclasses import dataclass

import keras


@dataclass(frozen=True)
class Floor:
    """The least value of a figure that a method reports.

    Attributes:
        least: what the figure must not fall below.
        after: optimizer steps from which on it counts.
        meaning: str, what it means when it does, for the sentence that ends the run.
    """

    least: float
    after: int
    meaning: str


class StopBelowFloor(keras.callbacks.Callback):
    """Stops training at the end of a period whose mean of a figure lies below its floor.

    The floors are those of `model.floors()`.

    Attributes:
        reason: str, why training was stopped; None while it was not.
    """

    def __init__(self):
        super().__init__()
        self.reason = None

    def on_epoch_end(self, epoch, logs=None):
        for name, floor in self.model.floors().items():
            step = int(self.model.optimizer.iterations)
            if step >= floor.after and not logs[name] >= floor.least:
                self.reason = (
                    f"{name} is {logs[name]:.4g} at step {step}, below {floor.least:g}: "
                    f"{floor.meaning}."
                )
                self.model.stop_training = True
                return
