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
    Fault(
        "a covariance is not centered",
        "mmssl/evaluation/whitening/moments.py",
        "self._outer / self.count - np.outer(self._offset, self._offset)",
        "self._outer / self.count",
        ("tests/evaluation/whitening/test_moments.py",),
    ),
    Fault(
        "the shrinkage is that of vectors around the first batch",
        "mmssl/evaluation/whitening/moments.py",
        "            - 4 * offset @ self._cubes\n",
        "",
        ("tests/evaluation/whitening/test_moments.py",),
    ),
    Fault(
        "whitened vectors are not shrunk",
        "mmssl/evaluation/whitening/fit.py",
        "(1 - share) * variances + share * variances.mean()",
        "variances",
        ("tests/evaluation/whitening/test_fit.py",),
    ),
    Fault(
        "the directions of least variance are kept",
        "mmssl/evaluation/whitening/fit.py",
        "np.maximum(variances[::-1], 0), directions[:, ::-1]",
        "np.maximum(variances, 0), directions",
        ("tests/evaluation/whitening/test_fit.py",),
    ),
    Fault(
        "a mean that all vectors share is no reason to whiten",
        "mmssl/evaluation/whitening/choice.py",
        "float((mean + variances[0]) / (mean + variances.sum()))",
        "float(variances[0] / variances.sum())",
        ("tests/evaluation/whitening/test_choice.py",),
    ),
    Fault(
        "test items are whitened by their own statistics",
        "mmssl/evaluation/whitening/features.py",
        "whitening = whitening or _fitted(parts[0], components)",
        "whitening = whitening or _fitted(parts[-1], components)",
        ("tests/evaluation/whitening/test_features.py",),
    ),
    Fault(
        "a run is whitened by its test items, too",
        "mmssl/evaluation/whitening/of_run.py",
        "run.data.prepare(run.folder).items",
        "run.data.open(run.data.source)",
        ("tests/evaluation/whitening/test_of_run.py",),
        "training_items_alone",
    ),
    Fault(
        "long recordings are not whitened",
        "mmssl/evaluation/probes/features.py",
        "yield np.array([index]), self._whitened(embedded)",
        "yield np.array([index]), embedded",
        ("tests/evaluation/probes/test_long_recordings.py",),
        "whitened",
    ),
)
