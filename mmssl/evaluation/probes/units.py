"""How much the units that a run predicts say of labels: purity, and normalized information."""

import numpy as np

from mmssl.evaluation.frames import frames_of_run
from mmssl.pipelines.audio import UnitWindows
from mmssl.pipelines.audio.units.clustering import nearest


def unit_figures(run, source):
    """Measures the units of a run, clusters of frames, against the labels of recordings.

    Each frame has the label of its recording. Nothing is fitted to the labels.

    Args:
        run: Run.
        source: Source with labels, whose frames are clustered.

    Returns:
        dict of `purity`, the share of frames whose label is the most frequent one of their unit;
        `pnmi`, the mutual information of unit and label over the entropy of labels; and
        `clusters`, how many units occur. Empty for runs without units.

    Raises:
        ValueError: the run whose frames were clustered is not there any more.
    """
    data = run.data
    if not isinstance(data, UnitWindows) or data.units is None:
        return {}
    features = data.features
    if features is None:
        features = frames_of_run(data.targets, data.target_layer, data.sample_rate, run.trust)
    classes, labels = np.unique(source.labels, return_inverse=True)
    counts = np.zeros((len(data.units.centers), len(classes)), np.int64)
    for index, rows in features.of(data, source):
        units = nearest(rows, data.units.centers)
        counts[:, labels[index]] += np.bincount(units, minlength=len(counts))
    return {
        "purity": purity(counts),
        "pnmi": normalized_information(counts),
        "clusters": int((counts.sum(axis=1) > 0).sum()),
    }


def purity(counts):
    """Returns the share of frames whose label is the most frequent one of their unit.

    Args:
        counts: int array (units, labels), frames.
    """
    return float(counts.max(axis=1).sum() / counts.sum())


def normalized_information(counts):
    """Returns the mutual information of unit and label over the entropy of labels, 0 to 1.

    Args:
        counts: int array (units, labels), frames.

    Reference:
        Hsu et al. 2021, arXiv 2106.07447, section V: phone-normalized mutual information.
    """
    joint = counts / counts.sum()
    units, labels = joint.sum(axis=1, keepdims=True), joint.sum(axis=0, keepdims=True)
    there = joint > 0
    information = np.sum(joint[there] * np.log(joint[there] / (units * labels)[there]))
    entropy = -np.sum(labels[labels > 0] * np.log(labels[labels > 0]))
    return float(information / entropy)
