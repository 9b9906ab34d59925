"""What every loss on embeddings must pass; a test file lists its CASES and subclasses this."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from tests.tolerances import NETWORK, SUM, assert_close, rounding


@dataclass(frozen=True)
class Case:
    """A loss with arguments to call it on, all by name.

    Attributes:
        loss: the loss.
        oracle: the paper's formula in NumPy, in float64.
        rows: float32 arrays, an example a row; gradients are checked.
        labels: arrays, an example a row, that have no gradient.
        shared: float32 arrays that are the same on every replica; gradients are checked.
    """

    loss: Callable
    oracle: Callable
    rows: dict
    labels: dict = field(default_factory=dict)
    shared: dict = field(default_factory=dict)

    def expected(self, rows=None):
        return self.oracle(**exact({**(rows or self.rows), **self.labels, **self.shared}))


def views(examples=8, dimensions=5, seed=0):
    """Draws two views of each example, alike but not equal."""
    rng = np.random.default_rng(seed)
    first = rng.normal(size=(examples, dimensions))
    second = first + rng.normal(scale=0.7, size=first.shape)
    return first.astype("float32"), second.astype("float32")


# Split in halves, the replicas differ in how many positives they have.
LABELS = np.array([0, 0, 1, 1, 2, 2, 0, 1], "int32")


def labeled(seed=0):
    """Draws rows that lie about the means of their classes."""
    rng = np.random.default_rng(seed)
    centers, noise = rng.normal(size=(3, 5)), rng.normal(scale=0.8, size=(8, 5))
    return {"embeddings": (centers[LABELS] + noise).astype("float32")}


def unit(x):
    return x / np.linalg.norm(x, axis=-1, keepdims=True).clip(1e-30)


def exact(arrays):
    return {name: np.asarray(x, "float64") for name, x in arrays.items()}


def value_and_gradients(case, rows=None):
    """Runs a loss eagerly on TensorFlow.

    Returns:
        Value, and a dict from the names of rows and shared arguments to gradients.
    """
    import tensorflow as tf

    inputs = {k: tf.constant(x) for k, x in {**(rows or case.rows), **case.shared}.items()}
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        loss = case.loss(**inputs, **case.labels)
    gradients = tape.gradient(loss, inputs, unconnected_gradients="zero")
    return float(loss), {name: gradient.numpy() for name, gradient in gradients.items()}


def finite_differences(case, step=1e-5):
    """Differentiates the oracle."""
    arrays = exact({**case.rows, **case.shared})
    gradients = {name: np.zeros_like(x) for name, x in arrays.items()}
    for name, gradient in gradients.items():
        for place in np.ndindex(gradient.shape):
            ends = []
            for sign in (1, -1):
                moved = {k: x.copy() for k, x in arrays.items()}
                moved[name][place] += sign * step
                ends.append(case.oracle(**moved, **case.labels))
            gradient[place] = (ends[0] - ends[1]) / (2 * step)
    return gradients


def largest(gradients):
    """Returns the scale of all: what is added up to the temperature's cancels out."""
    return max(np.abs(x).max() for x in gradients.values())


def all_cases():
    """Collects the cases of all test files, by file and name."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("test_*.py"))
    modules = [importlib.import_module(f"tests.losses.{name}") for name in names]
    return {
        f"{module.__name__.rpartition('test_')[2]}-{name}": case
        for module in modules
        for name, case in getattr(module, "CASES", {}).items()
    }


class LossContract:
    """Subclassed by each test file, in which `case` runs through its CASES."""

    def test_the_loss_is_the_papers_formula(self, case):
        assert_close(value_and_gradients(case)[0], case.expected(), SUM)

    def test_the_gradient_equals_finite_differences(self, case):
        _, gradients = value_and_gradients(case)
        for name, expected in (differences := finite_differences(case)).items():
            assert np.abs(expected).max() > NETWORK * rounding(), name
            assert_close(gradients[name], expected, NETWORK, largest(differences))

    @pytest.mark.parametrize("height", [0.0, 1.0, 1e4])
    def test_equal_embeddings_are_finite(self, case, height):
        rows = {name: np.full_like(x, height) for name, x in case.rows.items()}
        loss, gradients = value_and_gradients(case, rows)
        assert_close(loss, case.expected(rows), NETWORK)
        assert all(np.isfinite(x).all() for x in gradients.values())

    def test_huge_embeddings_are_finite(self, case):
        rows = {name: 1e4 * x for name, x in case.rows.items()}
        loss, gradients = value_and_gradients(case, rows)
        assert_close(loss, case.expected(rows), NETWORK)
        assert all(np.isfinite(x).all() for x in gradients.values())

    def test_half_precision_is_raised_before_anything_is_computed(self, case):
        import tensorflow as tf

        half = {name: tf.cast(x, tf.bfloat16) for name, x in case.rows.items()}
        full = {name: tf.cast(x, tf.float32) for name, x in half.items()}
        loss = case.loss(**half, **case.labels, **case.shared)
        assert loss.dtype == tf.float32
        assert loss == case.loss(**full, **case.labels, **case.shared)

    def test_the_order_of_the_examples_does_not_matter(self, case):
        order = np.random.default_rng(1).permutation(8)
        rows, labels = ({k: x[order] for k, x in d.items()} for d in (case.rows, case.labels))
        shuffled = case.loss(**rows, **labels, **case.shared)
        assert_close(shuffled, value_and_gradients(case)[0], SUM)

    def test_the_number_of_examples_may_be_unknown_when_it_is_compiled(self, case):
        import tensorflow as tf

        batch = {**case.rows, **case.labels}
        spec = {k: tf.TensorSpec((None, *x.shape[1:]), x.dtype) for k, x in batch.items()}
        compiled = tf.function(lambda batch: case.loss(**batch, **case.shared), [spec])
        assert_close(compiled(batch), value_and_gradients(case)[0], SUM)
