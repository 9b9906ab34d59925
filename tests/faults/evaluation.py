"""Faults in the evaluation."""

from tests.faults.fault import Fault

FAULTS = (
    Fault(
        "neighbors vote without a temperature",
        "mmssl/evaluation/probes/knn.py",
        "np.exp((cosines - cosines[:, :1]) / temperature)",
        "np.exp(cosines - cosines[:, :1])",
        ("tests/evaluation/probes/test_knn.py",),
    ),
    Fault(
        "test items are standardized by their own statistics",
        "mmssl/evaluation/probes/linear.py",
        "scores = standardized(features, self.mean, self.scale) @ self.weights.T + self.bias",
        "scores = standardized(features, *statistics(features)) @ self.weights.T + self.bias",
        ("tests/evaluation/probes/test_linear.py",),
    ),
    Fault(
        "the strength of a probe is chosen on the items that it was fitted on",
        "mmssl/evaluation/probes/linear.py",
        "held_x, held_labels = x[held], labels[held]",
        "held_x, held_labels = x[fitted], labels[fitted]",
        ("tests/evaluation/probes/test_linear.py",),
    ),
    Fault(
        "test items are among the training items of a drawn split",
        "mmssl/evaluation/probes/splits.py",
        "return Split(source.select(train), source.select(test), None, description)",
        "return Split(source, source.select(test), None, description)",
        ("tests/evaluation/probes/test_splits.py",),
    ),
    Fault(
        "an encoder is probed in training mode",
        "mmssl/evaluation/probes/features.py",
        "outputs = dict(trunk(batch, training=False))",
        "outputs = dict(trunk(batch, training=True))",
        ("tests/evaluation/probes/test_features.py",),
    ),
)
