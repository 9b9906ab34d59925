"""AdamW with a weight decay schedule, which Keras lacks."""

import keras


@keras.saving.register_keras_serializable("mmssl")
class ScheduledAdamW(keras.optimizers.AdamW):
    """AdamW (Loshchilov, Hutter 2017, arXiv 1711.05101) whose weight decay may follow a schedule.

    At step n, before Adam's own update:

        w <- w - learning_rate(n) * weight_decay(n) * w

    As in Keras and PyTorch, the learning rate scales the decay; in the paper, one schedule
    multiplier scales both.

    Args:
        learning_rate: float or schedule.
        weight_decay: float or keras.optimizers.schedules.LearningRateSchedule, 0 or more.
        **kwargs: passed to keras.optimizers.AdamW.
    """

    def __init__(self, learning_rate=0.001, weight_decay=0.004, **kwargs):
        super().__init__(learning_rate, weight_decay=weight_decay, **kwargs)

    @property
    def weight_decay(self):
        """Weight decay of the current step: a float, or a scalar tensor if it has a schedule."""
        decay = self._weight_decay
        return decay(self.iterations) if callable(decay) else decay

    @weight_decay.setter
    def weight_decay(self, weight_decay):
        self._weight_decay = weight_decay

    def get_config(self):
        decay = keras.saving.serialize_keras_object(self._weight_decay)
        return {**super().get_config(), "weight_decay": decay}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        decay = keras.saving.deserialize_keras_object(config["weight_decay"], custom_objects)
        return super().from_config({**config, "weight_decay": decay}, custom_objects)
