"""The exact partition function of restricted Boltzmann machines with few hidden units."""

import numpy as np

MOST = 16  # hidden units whose states are all visited
CHUNK = 4096  # states at a time


def log_partition(kernel, visible_bias, hidden_bias, units="binary"):
    """Sums exp(-E) over all states, the hidden ones one by one, the visible ones in closed form.

    Args:
        kernel: float (V, H), H being 16 at most.
        visible_bias: float (V,).
        hidden_bias: float (H,).
        units: the visible ones, `binary` or `gaussian` with variance 1.

    Returns:
        float, log Z in nats.

    Raises:
        ValueError: there are more hidden units.
    """
    kernel, b, c = (np.asarray(x, "float64") for x in (kernel, visible_bias, hidden_bias))
    count = len(c)
    if count > MOST:
        raise ValueError(f"{count} hidden units have too many states: {MOST} at most.")
    states = np.arange(2**count)[:, np.newaxis] >> np.arange(count) & 1
    chunks = [states[i : i + CHUNK] for i in range(0, len(states), CHUNK)]
    energies = [_energy(h.astype("float64"), kernel, b, c, units) for h in chunks]
    return float(np.logaddexp.reduce(np.concatenate(energies)))


def _energy(h, kernel, b, c, units):
    """Returns log sum_v exp(-E(v, h)) of hidden states (N, H)."""
    inputs = h @ kernel.T
    if units == "gaussian":
        summed = inputs @ b + 0.5 * np.sum(inputs**2, axis=1)
        return h @ c + summed + 0.5 * len(b) * np.log(2 * np.pi)
    return h @ c + np.logaddexp(0.0, b + inputs).sum(axis=1)
