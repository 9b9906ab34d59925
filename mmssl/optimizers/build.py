"""The optimizer of a run."""

from mmssl.optimizers.adamw import ScheduledAdamW
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
):
    """Builds AdamW that decays kernels and tables, not biases and norms.

    Args:
        variables: the trainable variables that it will update.
        learning_rate: float or schedule.
        weight_decay: decoupled, a step and unit of learning rate; 0 or more, or a schedule.
        beta_1: decay of the gradients' mean, in [0, 1).
        beta_2: decay of the squared gradients' mean, in (0, 1).
        epsilon: added to the root of the squared gradients' mean; gradients well below it move
            their weights little, where all others move by the learning rate whatever their size.
        clip_norm: largest norm of the gradient; None leaves it as it is.
        clip_per_variable: whether that is the norm of each variable's gradient, or of all of them
            together.

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
    # By name too: the biases of attention have an axis of heads.
    spared = [v for v in variables if len(v.shape) < 2 or v.name == "bias"]
    optimizer.exclude_from_weight_decay(var_list=spared)
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
):
    """Builds gradient descent with momentum, whose decay is part of the gradient.

    Biases and norms are not decayed, nor is their rate adapted.

    Args:
        variables: the trainable variables that it will update.
        learning_rate: float or schedule.
        weight_decay: 0 or more.
        momentum: in [0, 1).
        adapt: scale every variable's rate by its length and its gradient's, which is LARS.
        clip_norm: largest norm of the gradient; None leaves it as it is.
        clip_per_variable: whether that is the norm of each variable's gradient, or of all of them
            together.

    Returns:
        LARS, built.
    """
    trust = {} if adapt else {"trust_coefficient": None}
    clipping = _clipping(clip_norm, clip_per_variable)
    optimizer = LARS(learning_rate, momentum, weight_decay, **trust, **clipping)
    optimizer.build(variables)
    return optimizer


def _clipping(clip_norm, clip_per_variable):
    return {"clipnorm" if clip_per_variable else "global_clipnorm": clip_norm}


def run_optimizer(fit, variables, learning_rate, weight_decay):
    """Builds the optimizer that a run's recipe asks for.

    Args:
        fit: mmssl.runs.recipe.Fit.
        variables: the trainable variables that it will update.
        learning_rate: float or schedule.
        weight_decay: float or, for adamw, schedule.

    Returns:
        keras optimizer, built.
    """
    clipping = {"clip_norm": fit.clip_norm, "clip_per_variable": fit.clip_per_variable}
    shared = {"weight_decay": weight_decay, **clipping}
    if fit.optimizer == "adamw":
        betas = {"beta_1": fit.beta_1, "beta_2": fit.beta_2, "epsilon": fit.epsilon}
        return adamw(variables, learning_rate, **shared, **betas)
    adapt = fit.optimizer == "lars"
    return momentum_sgd(variables, learning_rate, momentum=fit.momentum, adapt=adapt, **shared)
