"""What a restricted Boltzmann machine reaches on held-out items, and what it looks like."""

import numpy as np
from keras import ops

from mmssl.losses.free_energy import free_energy
from mmssl.methods.bases.held_out_images import sheet, spread_out
from mmssl.methods.bases.partition import MOST, log_partition
from mmssl.methods.bases.reconstructed import as_pictures, psnr, reconstruction_sheet

REPORT_IMAGES = 12
ROWS = 3  # of weights


def figures(machine, data):
    """Measures a machine on held-out items.

    Args:
        machine: BoltzmannPretrainer.
        data: pipeline over the items, with `fixed_elements`.

    Returns:
        dict, see `BoltzmannPretrainer.validate`.
    """
    batches = list(data.fixed_elements(spread_out(data.source)).as_numpy_iterator())
    targets = np.concatenate([batch["target"] for batch in batches])
    restored = np.concatenate([machine.reconstruct(batch) for batch in batches])
    seen = np.concatenate([machine.infer(batch)["visible"] for batch in batches])
    mean = np.broadcast_to(targets.mean(axis=0), targets.shape)
    return {
        "psnr": psnr(restored, targets),
        "mean_psnr": psnr(mean, targets),
        "reconstruction_error": float(ops.mean(machine.errors(seen))),
        **_likelihood(machine, seen),
    }


def _likelihood(machine, seen):
    if machine.layer.units > MOST:
        return {}
    weights = [ops.convert_to_numpy(x) for x in machine.parameters()]
    constant = log_partition(*weights, machine.units)
    energy = float(ops.mean(free_energy(seen, *weights, machine.units)))
    return {"log_likelihood": -energy - constant, "log_partition": constant}


def pictures(machine, data):
    """Draws reconstructions, and the weights of hidden units of the first machine.

    Args:
        machine: BoltzmannPretrainer.
        data: pipeline over the items to show, with `fixed_elements`.

    Returns:
        list of two (title, caption, uint8 (H, W, 3)).
    """
    batch = next(data.fixed_elements(data.source, REPORT_IMAGES).as_numpy_iterator())
    caption, picture = reconstruction_sheet(batch, machine.reconstruct(batch))
    kernel = ops.convert_to_numpy(machine.layers_up[0].kernel).T
    columns = min(REPORT_IMAGES, len(kernel))
    count = min(ROWS, len(kernel) // columns) * columns
    chosen = kernel[:count].reshape(-1, columns, *machine.target_shape)
    shown = 0.5 + 0.5 * chosen / np.abs(chosen).max()
    text = "Each: the weights between the values and one hidden unit; gray is 0."
    weights = sheet([as_pictures(row) for row in shown])
    return [("Reconstructions", caption, picture), ("Weights", text, weights)]
