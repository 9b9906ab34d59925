"""The training curves."""

import numpy as np

from mmssl.evaluation.report import figures, page

DIAGNOSTICS = {
    "Online probe": (
        ("online_linear", "online_knn"),
        "Accuracy on held-out labeled items of classifiers that learn beside the encoder.",
    ),
    "Spread": (
        ("embedding_std_ratio", "mean_cosine", "projection_std_ratio", "projection_mean_cosine"),
        "A uniform spread has ratio 1, cosine 0.",
    ),
    "Variance along one direction": (
        ("top_variance_ratio", "projection_top_variance_ratio"),
        "Small for a uniform spread, 1 if all lie on a line.",
    ),
    "Effective rank": (
        ("rankme", "projection_rankme"),
        "RankMe of the embeddings; comparable between runs of one method.",
    ),
    "Effective rank across views": (
        ("lidar", "projection_lidar"),
        "LiDAR: directions that tell items apart whatever the view; below the number of items.",
    ),
    "Correlation of dimensions": (
        ("correlation", "projection_correlation"),
        "Mean of its absolute values; 1 if all dimensions repeat each other.",
    ),
    "Uniformity": (
        ("uniformity", "projection_uniformity"),
        "0 if all embeddings are equal, -4 at best.",
    ),
    "Alignment of two views": (
        ("alignment", "projection_alignment"),
        "Mean squared distance; 0 if both are equal, 2 if they are orthogonal.",
    ),
    "Targets and predictions": (
        ("target_std", "prediction_std"),
        "Standard deviation over tokens; 0 if all tokens are equal.",
    ),
    "Entropy of the targets": (
        ("teacher_entropy",),
        "In nats; 0 if one output always wins, log K if all outputs are equal.",
    ),
    "Usage of the prototypes": (
        ("prototype_usage",),
        "Entropy of the mean prediction; 1 if all are used equally, 0 if only one is.",
    ),
}
TIMES = {"step_seconds": "step, including waiting", "wait_seconds": "waiting for input"}
COUNTS = {"step", "epoch", "seconds", "samples_per_second", "wait_share", "collapse_signs"}
NO_CURVE = {"learning_rate", *COUNTS, *TIMES}


def curve_panels(history):
    """Plots losses, learning rate, diagnostics and times of a history.

    Args:
        history: non-empty list of dicts from column to str, returned by `read_history`; empty
            cells are gaps.

    Returns:
        str, HTML.
    """
    columns = {
        name: np.array([float(row.get(name) or "nan") for row in history])
        for name in dict.fromkeys(name for row in history for name in row)
    }
    drawn = [
        page.panel(title, figures.lines(lines, columns["step"], "step"), caption)
        for title, (lines, caption) in _groups(columns).items()
    ]
    return page.panels(drawn)


def _groups(columns):
    """Assigns the columns of a history to figures: title -> (lines, caption)."""
    diagnosed = {name for names, _ in DIAGNOSTICS.values() for name in names}
    own = [name for name in columns if name not in NO_CURVE | diagnosed]
    accuracies = [name for name in own if "accuracy" in name]
    # A method with a single loss term repeats it as the loss.
    losses = [
        name
        for name in own
        if name not in accuracies
        and (name == "loss" or not np.array_equal(columns[name], columns.get("loss")))
    ]
    groups = {
        "Loss": (losses, ""),
        "Accuracy of the pretext task": (accuracies, ""),
        "Learning rate": (["learning_rate"], ""),
        **DIAGNOSTICS,
    }
    chosen = {
        title: ({name: columns[name] for name in names if name in columns}, caption)
        for title, (names, caption) in groups.items()
    }
    times = {text: columns[name] for name, text in TIMES.items() if name in columns}
    chosen["Seconds per step"] = (times, "")
    return {title: group for title, group in chosen.items() if group[0]}
