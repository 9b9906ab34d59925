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


def learning_rate_schedule(fit, learning_rate, steps):
    """Builds the learning rate schedule that a recipe configures.

    Args:
        fit: mmssl.runs.recipe.Fit.
        learning_rate: the peak, above 0.
        steps: total number of steps.

    Returns:
        keras.optimizers.schedules.LearningRateSchedule.
    """
    if fit.schedule == "tri_stage":
        return TriStage(learning_rate, steps, fit.phase_ratio)
    final_ratio = fit.final_learning_rate / fit.learning_rate
    return warmup_cosine(learning_rate, fit.warmup_steps, steps, final_ratio)


def weight_decay_schedule(fit, steps):
    """Builds the weight decay that a recipe configures.

    Args:
        fit: mmssl.runs.recipe.Fit.
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
