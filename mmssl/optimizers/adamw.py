"""AdamW whose weight decay moves, which Keras lacks."""

import keras


@keras.saving.register_keras_serializable("mmssl")
class ScheduledAdamW(keras.optimizers.AdamW):
    """AdamW (Loshchilov, Hutter 2017, arXiv 1711.05101) whose weight decay may follow a schedule.

    At step n, before Adam's own step:

        w <- w - learning_rate(n) * weight_decay(n) * w

    As in Keras and PyTorch the rate scales the decay; the paper's schedule scales both alike.

    Args:
        learning_rate: float or schedule.
        weight_decay: float or keras.optimizers.schedules.LearningRateSchedule, 0 or more.
        **kwargs: passed to keras.optimizers.AdamW.
    """

    def __init__(self, learning_rate=0.001, weight_decay=0.004, **kwargs):
        super().__init__(learning_rate, weight_decay=weight_decay, **kwargs)

    @property
    def weight_decay(self):
        """The decay of the present step: what was given, or a scalar of its schedule."""
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
