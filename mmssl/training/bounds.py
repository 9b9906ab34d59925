"""Stopping a run when a metric falls below its lower bound."""

import keras


class StopOutOfBounds(keras.callbacks.Callback):
    """Stops training at the end of a period in which the mean of a metric is below its bound.

    The lower bounds are those of `model.metric_bounds()`.

    Attributes:
        reason: str, why training was stopped; None if it was not.
    """

    def __init__(self):
        super().__init__()
        self.reason = None

    def on_epoch_end(self, epoch, logs=None):
        for name, bound in self.model.metric_bounds().items():
            step = int(self.model.optimizer.iterations.numpy())
            if step >= bound.after and not logs[name] >= bound.minimum:
                self.reason = (
                    f"{name} is {logs[name]:.4g} at step {step}, below {bound.minimum:g}: "
                    f"{bound.meaning}."
                )
                self.model.stop_training = True
                return
