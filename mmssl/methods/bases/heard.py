"""Reconstructions of sound: how far they are off, and what a report plays of them."""

import numpy as np

PLAYED = 6  # clips
LEAST_ENERGY = 1e-12


def signal_to_noise(found, true, mask):
    """Computes the signal-to-noise ratio of reconstructions: of all energy to that of all errors.

    Args:
        found: float array (N, T), reconstructions.
        true: float array (N, T).
        mask: int array (N, T), 1 for samples that count.

    Returns:
        float, in dB.
    """
    inside = np.asarray(mask) > 0
    energy, error = (
        np.sum(np.square(x[inside], dtype="float64")) for x in (true, np.asarray(found) - true)
    )
    return float(10 * np.log10(max(energy, LEAST_ENERGY) / max(error, LEAST_ENERGY)))


def played_pairs(batch, reconstructions):
    """Collects clips and what was reconstructed of them, for the report.

    Args:
        batch: dict of arrays with `waveform` and `padding_mask` (N, T).
        reconstructions: dict from a name to a float array (N, T).

    Returns:
        list of dicts from a name, `original` or one of these, to a float array (T',), without the
        padding.
    """
    lengths = np.asarray(batch["padding_mask"]).sum(axis=1)[:PLAYED]
    named = {"original": np.asarray(batch["waveform"]), **reconstructions}
    return [{name: x[i, :size] for name, x in named.items()} for i, size in enumerate(lengths)]
