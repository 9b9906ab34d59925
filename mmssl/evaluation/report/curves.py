"""The curves of a training."""

import numpy as np

from mmssl.evaluation.report import figures, page

DIAGNOSTICS = {
    "Spread": (
        ("embedding_std_ratio", "mean_cosine", "projection_std_ratio", "projection_mean_cosine"),
        "An even spread has ratio 1, cosine 0.",
    ),
    "Variance along one direction": (
        ("top_variance_ratio", "projection_top_variance_ratio"),
        "Small when spread evenly, 1 when all lie on a line.",
    ),
    "Effective rank": (
        ("rankme", "projection_rankme"),
        "RankMe of the embeddings; it compares runs of one method.",
    ),
    "Correlation of dimensions": (
        ("correlation", "projection_correlation"),
        "Mean of its absolute values; 1 when all dimensions repeat each other.",
    ),
    "Uniformity": (
        ("uniformity", "projection_uniformity"),
        "0 when all embeddings are equal, -4 at best.",
    ),
    "Alignment of two views": (
        ("alignment", "projection_alignment"),
        "Mean squared distance; 0 when both are equal, 2 when they have nothing in common.",
    ),
    "Targets and predictions": (
        ("target_std", "prediction_std"),
        "Standard deviation over tokens; 0 when all tokens are equal.",
    ),
    "Entropy of the targets": (
        ("teacher_entropy",),
        "In nats; 0 when one output always wins, log K when all outputs are alike.",
    ),
    "Use of the prototypes": (
        ("prototype_usage",),
        "Entropy of the mean prediction; 1 when all are used alike, 0 when one is.",
    ),
}
TIMES = {"step_seconds": "step, with waiting", "wait_seconds": "waiting for input"}
NO_CURVE = {"step", "epoch", "seconds", "samples_per_second", "learning_rate", *TIMES}


def curve_panels(history):
    """Draws losses, learning rate, diagnostics and times of a history.

    Args:
        history: list of dict from column to str, of `read_history`, not empty; empty cells are
            gaps.

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
    """Sorts the columns of a history into figures: title -> (lines, caption)."""
    diagnosed = {name for names, _ in DIAGNOSTICS.values() for name in names}
    own = [name for name in columns if name not in NO_CURVE | diagnosed]
    accuracies = [name for name in own if "accuracy" in name]
    # A method with a single term repeats it as the loss.
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
    chosen["Seconds a step"] = (times, "")
    return {title: group for title, group in chosen.items() if group[0]}
