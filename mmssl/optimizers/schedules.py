"""Learning rate and weight decay schedules."""

import math

import keras
from keras import ops

START, END = 0.01, 0.01  # initial and final scale of the tri-stage schedule, relative to the peak


@keras.saving.register_keras_serializable("mmssl")
class TriStage(keras.optimizers.schedules.LearningRateSchedule):
    """Linear warmup, constant peak, exponential decay (fairseq's tri-stage schedule).

    With W, H and D steps in the three phase_ratio and n the step:

        n < W:      peak (0.01 + 0.99 n / W)
        n < W + H:  peak
        else:       peak 0.01^((n - W - H) / D), and 0.01 peak from then on

    Baevski et al. 2022 (arXiv 2202.03555) describe a linear decay; their code, which is followed
    here, decays exponentially.

    Args:
        learning_rate: the peak, above 0.
        steps: total number of steps.
        phase_ratio: fractions of the steps spent in warmup, at the peak and in decay; they sum to
            1.
    """

    def __init__(self, learning_rate, steps, phase_ratio):
        self.learning_rate = learning_rate
        self.steps = steps
        self.phase_ratio = tuple(phase_ratio)

    def __call__(self, step):
        rise, stay, fall = (max(1.0, fraction * self.steps) for fraction in self.phase_ratio)
        n = ops.cast(step, "float32")
        risen = START + (1.0 - START) * ops.minimum(n / rise, 1.0)
        fallen = ops.clip((n - rise - stay) / fall, 0.0, 1.0)
        return self.learning_rate * risen * ops.exp(math.log(END) * fallen)

    def get_config(self):
        return {
            "learning_rate": self.learning_rate,
            "steps": self.steps,
            "phase_ratio": self.phase_ratio,
        }


@keras.saving.register_keras_serializable("mmssl")
class Warmup(keras.optimizers.schedules.LearningRateSchedule):
    """Linear warmup from zero to a peak, then another schedule, which begins where that ends.

    Args:
        schedule: keras.optimizers.schedules.LearningRateSchedule; its step 0 is step
            `warmup_steps` of the run.
        learning_rate: the peak, above 0.
        warmup_steps: steps of warmup, above 0.
    """

    def __init__(self, schedule, learning_rate, warmup_steps):
        self.schedule = schedule
        self.learning_rate = learning_rate
        self.warmup_steps = warmup_steps

    def __call__(self, step):
        n = ops.cast(step, "float32")
        risen = self.learning_rate * n / self.warmup_steps
        after = self.schedule(ops.maximum(n - self.warmup_steps, 0.0))
        return ops.where(n < self.warmup_steps, risen, after)

    def get_config(self):
        return {
            "schedule": keras.optimizers.schedules.serialize(self.schedule),
            "learning_rate": self.learning_rate,
            "warmup_steps": self.warmup_steps,
        }

    @classmethod
    def from_config(cls, config):
        schedule = keras.optimizers.schedules.deserialize(config["schedule"])
        return cls(**{**config, "schedule": schedule})


@keras.saving.register_keras_serializable("mmssl")
class InverseSquareRoot(keras.optimizers.schedules.LearningRateSchedule):
    """Linear warmup from zero, then a fall with the square root of the step.

    At step n with a warmup of W: peak min(n / W, sqrt(W / n)) (Vaswani et al. 2017,
    arXiv 1706.03762, whose peak is (width W)^(-1/2)).

    Args:
        learning_rate: the peak, above 0.
        warmup_steps: steps of warmup, above 0.
    """

    def __init__(self, learning_rate, warmup_steps):
        self.learning_rate = learning_rate
        self.warmup_steps = warmup_steps

    def __call__(self, step):
        ratio = ops.cast(step, "float32") / self.warmup_steps
        return self.learning_rate * ops.minimum(ratio, ops.rsqrt(ops.maximum(ratio, 1.0)))

    def get_config(self):
        return {"learning_rate": self.learning_rate, "warmup_steps": self.warmup_steps}


def warmup_cosine(learning_rate, warmup_steps, steps, final_ratio=0.0):
    """Builds a schedule of linear warmup from zero and cosine decay.

    Args:
        learning_rate: the peak, above 0.
        warmup_steps: steps of warmup, part of `steps`.
        steps: total number of steps.
        final_ratio: last learning rate, relative to the peak; 0 to 1.

    Returns:
        keras.optimizers.schedules.LearningRateSchedule.
    """
    warmup_steps = min(warmup_steps, steps - 1)
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0 if warmup_steps else learning_rate,
        decay_steps=steps - warmup_steps,
        alpha=final_ratio,
        warmup_target=learning_rate if warmup_steps else None,
        warmup_steps=warmup_steps,
    )


def learning_rate_schedule(fit, learning_rate, warmup_steps, steps):
    """Builds the learning rate schedule that a recipe configures.

    Args:
        fit: mmssl.runs.fit.Fit.
        learning_rate: the peak, above 0.
        warmup_steps: steps of warmup; tri_stage has its own.
        steps: total number of steps.

    Returns:
        keras.optimizers.schedules.LearningRateSchedule.
    """
    if fit.schedule == "tri_stage":
        return TriStage(learning_rate, steps, fit.phase_ratio)
    final_ratio = fit.final_learning_rate / fit.learning_rate
    if fit.schedule == "cosine":
        return warmup_cosine(learning_rate, warmup_steps, steps, final_ratio)
    warmup_steps = min(warmup_steps, steps - 1)
    if fit.schedule == "inverse_sqrt":
        return InverseSquareRoot(learning_rate, max(1, warmup_steps))
    after = _after_warmup(fit, learning_rate, final_ratio * learning_rate, warmup_steps, steps)
    return Warmup(after, learning_rate, warmup_steps) if warmup_steps else after


def _after_warmup(fit, first, last, warmup_steps, steps):
    """Builds a schedule from `first`, of the steps that follow a warmup."""
    if fit.schedule == "step":
        falls = [round(fraction * steps) - warmup_steps for fraction in fit.boundaries]
        falls = [fall - 1 for fall in falls if fall > 0]  # Keras' boundary is the last before
        start = first * fit.decay_rate ** (len(fit.boundaries) - len(falls))
        rates = [start * fit.decay_rate**k for k in range(len(falls) + 1)]
        if falls:
            return keras.optimizers.schedules.PiecewiseConstantDecay(falls, rates)
        first = last = start  # the warmup outlasts all boundaries
    last = first if fit.schedule == "constant" else last
    return keras.optimizers.schedules.PolynomialDecay(first, steps - warmup_steps, last)


def weight_decay_schedule(fit, steps):
    """Builds the weight decay that a recipe configures.

    Args:
        fit: mmssl.runs.fit.Fit.
        steps: total number of steps.

    Returns:
        float, or, with a final value, a keras.optimizers.schedules.LearningRateSchedule along half
        a cosine, at step n of N

            last + (first - last) (1 + cos(pi n / N)) / 2
    """
    first, last = fit.weight_decay, fit.final_weight_decay
    if last is None:
        return first
    return keras.optimizers.schedules.CosineDecay(first, steps, alpha=last / first)
