"""Stopping a run whose metric leaves its bound."""

import keras


class StopOutOfBounds(keras.callbacks.Callback):
    """Stops training at the end of a period whose mean of a figure lies below its floor.

    The floors are those of `model.metric_bounds()`.

    Attributes:
        reason: str, why training was stopped; None while it was not.
    """

    def __init__(self):
        super().__init__()
        self.reason = None

    def on_epoch_end(self, epoch, logs=None):
        for name, floor in self.model.metric_bounds().items():
            step = int(self.model.optimizer.iterations)
            if step >= floor.after and not logs[name] >= floor.minimum:
                self.reason = (
                    f"{name} is {logs[name]:.4g} at step {step}, below {floor.minimum:g}: "
                    f"{floor.meaning}."
                )
                self.model.stop_training = True
                return
