"""Builders of optimizers."""

import keras

from mmssl.optimizers.adagrad import SparseAdagrad
from mmssl.optimizers.adamw import ScheduledAdamW
from mmssl.optimizers.biases_and_norms import is_bias_or_norm
from mmssl.optimizers.lars import LARS


def adamw(
    variables,
    learning_rate,
    weight_decay=0.0,
    beta_1=0.9,
    beta_2=0.999,
    epsilon=1e-7,
    clip_norm=None,
    clip_per_variable=False,
    decay_biases_and_norms=False,
):
    """Builds AdamW with weight decay on kernels and embeddings but not on biases and norms.

    Args:
        variables: the trainable variables that it will update.
        learning_rate: float or schedule.
        weight_decay: decoupled, multiplied by the learning rate; 0 or more, or a schedule.
        beta_1: decay rate of the first moment, in [0, 1).
        beta_2: decay rate of the second moment, in (0, 1).
        epsilon: added to the square root of the second moment; gradients well below it move their
            weights little, while all others move by the learning rate whatever their magnitude.
        clip_norm: maximum norm of the gradient; None for no clipping.
        clip_per_variable: whether each variable's gradient is clipped on its own, rather than the
            global norm of all of them.
        decay_biases_and_norms: whether biases and norms are decayed, too.

    Returns:
        ScheduledAdamW, built.
    """
    optimizer = ScheduledAdamW(
        learning_rate,
        weight_decay=weight_decay,
        beta_1=beta_1,
        beta_2=beta_2,
        epsilon=epsilon,
        **_clipping(clip_norm, clip_per_variable),
    )
    if not decay_biases_and_norms:
        optimizer.exclude_from_weight_decay(var_list=list(filter(is_bias_or_norm, variables)))
    optimizer.build(variables)
    return optimizer


def momentum_sgd(
    variables,
    learning_rate,
    weight_decay=0.0,
    momentum=0.9,
    adapt=False,
    clip_norm=None,
    clip_per_variable=False,
    decay_biases_and_norms=False,
):
    """Builds SGD with momentum and coupled (L2) weight decay, or LARS.

    Args:
        variables: the trainable variables that it will update.
        learning_rate: float or schedule.
        weight_decay: added to the gradient, not decoupled; 0 or more.
        momentum: in [0, 1).
        adapt: scale each variable's learning rate by the ratio of its norm to that of its gradient,
            which is LARS.
        clip_norm: maximum norm of the gradient; None for no clipping.
        clip_per_variable: whether each variable's gradient is clipped on its own, rather than the
            global norm of all of them.
        decay_biases_and_norms: whether biases and norms are decayed and their learning rate is
            adapted, too.

    Returns:
        LARS, built.
    """
    trust = {} if adapt else {"trust_coefficient": None}
    clipping = _clipping(clip_norm, clip_per_variable)
    exclude = () if decay_biases_and_norms else None
    optimizer = LARS(learning_rate, momentum, weight_decay, exclude=exclude, **trust, **clipping)
    optimizer.build(variables)
    return optimizer


def adagrad(
    variables, learning_rate, initial_accumulator=0.1, clip_norm=None, clip_per_variable=False
):
    """Builds Adagrad, which moves only the rows of tables that occur where gradients are sparse.

    Args:
        variables: the trainable variables that it will update.
        learning_rate: float or schedule.
        initial_accumulator: what the sum of squared gradients begins with, above 0.
        clip_norm: maximum norm of the gradient; None for no clipping, which keeps it sparse.
        clip_per_variable: whether each variable's gradient is clipped on its own.

    Returns:
        SparseAdagrad, built.
    """
    optimizer = SparseAdagrad(
        learning_rate, initial_accumulator, **_clipping(clip_norm, clip_per_variable)
    )
    optimizer.build(variables)
    return optimizer


def plain_sgd(variables, learning_rate, clip_norm=None, clip_per_variable=False):
    """Builds SGD without momentum or decay, which moves only the rows of tables that occur.

    Args:
        variables: the trainable variables that it will update.
        learning_rate: float or schedule.
        clip_norm: maximum norm of the gradient; None for no clipping, which keeps it sparse.
        clip_per_variable: whether each variable's gradient is clipped on its own.

    Returns:
        keras.optimizers.SGD, built.
    """
    optimizer = keras.optimizers.SGD(learning_rate, **_clipping(clip_norm, clip_per_variable))
    optimizer.build(variables)
    return optimizer


def adafactor(variables, learning_rate, clip_norm=None, clip_per_variable=False):
    """Builds Adafactor, whose updates are relative to the root mean square of each variable.

    Shazeer, Stern 2018, arXiv 1804.04235, without momentum or decay, as T5 is trained. The rate of
    step n is at most n^-1/2, so a constant `learning_rate` of 0.01 is T5's schedule.

    Args:
        variables: the trainable variables that it will update.
        learning_rate: float or schedule, relative.
        clip_norm: maximum norm of the gradient; None for no clipping.
        clip_per_variable: whether each variable's gradient is clipped on its own.

    Returns:
        keras.optimizers.Adafactor, built.
    """
    optimizer = keras.optimizers.Adafactor(learning_rate, **_clipping(clip_norm, clip_per_variable))
    optimizer.build(variables)
    return optimizer


def _clipping(clip_norm, clip_per_variable):
    return {"clipnorm" if clip_per_variable else "global_clipnorm": clip_norm}


def build_optimizer(fit, variables, learning_rate, weight_decay):
    """Builds the optimizer that a recipe configures.

    Args:
        fit: mmssl.runs.fit.Fit.
        variables: the trainable variables that it will update.
        learning_rate: float or schedule.
        weight_decay: float or, for adamw, schedule.

    Returns:
        keras optimizer, built.
    """
    clipping = {"clip_norm": fit.clip_norm, "clip_per_variable": fit.clip_per_variable}
    if fit.optimizer == "adagrad":
        return adagrad(variables, learning_rate, fit.initial_accumulator, **clipping)
    if fit.optimizer == "adafactor":
        return adafactor(variables, learning_rate, **clipping)
    if fit.optimizer == "sgd" and not fit.momentum and not fit.weight_decay:
        return plain_sgd(variables, learning_rate, **clipping)
    shared = {
        "weight_decay": weight_decay,
        **clipping,
        "decay_biases_and_norms": fit.decay_biases_and_norms,
    }
    if fit.optimizer == "adamw":
        betas = {"beta_1": fit.beta_1, "beta_2": fit.beta_2, "epsilon": fit.epsilon}
        return adamw(variables, learning_rate, **shared, **betas)
    adapt = fit.optimizer == "lars"
    return momentum_sgd(variables, learning_rate, momentum=fit.momentum, adapt=adapt, **shared)
