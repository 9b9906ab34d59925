"""Which variables are biases and norms."""


def is_bias_or_norm(variable):
    """Returns whether a variable is a bias, or the scale or the offset of a norm.

    Most optimizers of the field neither decay these nor adapt their learning rate.

    Args:
        variable: keras variable.
    """
    # By name too: the biases of attention have an axis of heads.
    return len(variable.shape) < 2 or variable.name == "bias"
