"""Learning rates and weight decays over the steps of a run."""

import math

import keras
from keras import ops

START, END = 0.01, 0.01  # of the tri-stage schedule, shares of the peak


@keras.saving.register_keras_serializable("mmssl")
class TriStage(keras.optimizers.schedules.LearningRateSchedule):
    """Rises on a line, stays, falls exponentially (fairseq's tri-stage schedule).

    With the phases' steps W, H and D, and n the step:

        n < W:      peak (0.01 + 0.99 n / W)
        n < W + H:  peak
        else:       peak 0.01^((n - W - H) / D), and 0.01 peak from then on

    Baevski et al. 2022 (arXiv 2202.03555) write that the rate falls on a line; their code, which
    is followed here, lets it fall exponentially.

    Args:
        learning_rate: the peak, above 0.
        steps: all steps of the run.
        phase_ratio: fractions of the steps that rise, stay and fall; they add up to 1.
    """

    def __init__(self, learning_rate, steps, phase_ratio):
        self.learning_rate = learning_rate
        self.steps = steps
        self.phase_ratio = tuple(phase_ratio)

    def __call__(self, step):
        rise, stay, fall = (max(1.0, share * self.steps) for share in self.phase_ratio)
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


def warmup_cosine(learning_rate, warmup_steps, steps):
    """Builds a linear rise from zero and a half cosine down to zero.

    Args:
        learning_rate: the peak, above 0.
        warmup_steps: steps of the rise, part of `steps`.
        steps: all steps of the run.

    Returns:
        keras.optimizers.schedules.LearningRateSchedule.
    """
    warmup_steps = min(warmup_steps, steps - 1)
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0 if warmup_steps else learning_rate,
        decay_steps=steps - warmup_steps,
        warmup_target=learning_rate if warmup_steps else None,
        warmup_steps=warmup_steps,
    )


def rates(fit, learning_rate, steps):
    """Builds the learning rates of a run.

    Args:
        fit: mmssl.runs.recipe.Fit.
        learning_rate: the peak, above 0.
        steps: all steps of the run.

    Returns:
        keras.optimizers.schedules.LearningRateSchedule.
    """
    if fit.schedule == "tri_stage":
        return TriStage(learning_rate, steps, fit.phase_ratio)
    return warmup_cosine(learning_rate, fit.warmup_steps, steps)


def decays(fit, steps):
    """Builds the weight decay of a run.

    Args:
        fit: mmssl.runs.recipe.Fit.
        steps: all steps of the run.

    Returns:
        float, or keras.optimizers.schedules.LearningRateSchedule where it moves: along half a
        cosine, at step n of N

            last + (first - last) (1 + cos(pi n / N)) / 2
    """
    first, last = fit.weight_decay, fit.final_weight_decay
    if last is None:
        return first
    return keras.optimizers.schedules.CosineDecay(first, steps, alpha=last / first)
