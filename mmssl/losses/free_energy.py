"""The free energy of a restricted Boltzmann machine, and its gradient."""

from typing import Literal

from keras import ops

from mmssl.choices import check_choices


def free_energy(
    visible, kernel, visible_bias, hidden_bias, units: Literal["binary", "gaussian"] = "binary"
):
    """Computes the free energy of visible states, which is -log p(v) up to a constant.

        F(v) = -b v - sum_j log(1 + exp(c_j + v W_j)),    for Gaussian units |v - b|^2 / 2 - ...

    Args:
        visible: float (B, V), v.
        kernel: float (V, H), W.
        visible_bias: float (V,), b.
        hidden_bias: float (H,), c.
        units: the visible ones: `binary`, or `gaussian` with variance 1.

    Returns:
        float32 (B,), in nats.

    Raises:
        ValueError: `units` is unknown.

    Reference:
        Hinton 2010, A practical guide to training restricted Boltzmann machines, UTML TR 2010-003.
    """
    check_choices(free_energy, units=units)
    hidden = ops.sum(ops.softplus(ops.matmul(visible, kernel) + hidden_bias), axis=-1)
    if units == "gaussian":
        return 0.5 * ops.sum(ops.square(visible - visible_bias), axis=-1) - hidden
    return -ops.matmul(visible, visible_bias) - hidden


def free_energy_gradient(visible, kernel, visible_bias, hidden_bias, units="binary"):
    """Computes the gradient of the mean free energy, in closed form.

    Args:
        visible: see `free_energy`, as for the others.

    Returns:
        float32 (V, H), (V,) and (H,): those of kernel, visible and hidden bias.
    """
    rows = ops.cast(ops.shape(visible)[0], "float32")
    hidden = ops.sigmoid(ops.matmul(visible, kernel) + hidden_bias)
    of_kernel = -ops.matmul(ops.transpose(visible), hidden) / rows
    shift = visible_bias if units == "gaussian" else 0.0
    return of_kernel, ops.mean(shift - visible, axis=0), -ops.mean(hidden, axis=0)
