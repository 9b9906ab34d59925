"""The comparison itself, and that every test's bound comes from it."""

import ast
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

from tests.tolerances import (
    TRAINING,
    assert_close,
    assert_within,
    deviation_margin,
    mean_margin,
    multiples,
    rounding,
    share_margin,
)

TESTS = Path(__file__).parent
# Their bounds are not of our choosing: an element more or less than 1e-7 or 1e-6 off.
FOREIGN = {"allclose", "assert_allclose", "assert_almost_equal", "isclose"}
BOUNDS = {"abs", "atol", "rel", "rtol"}
ORDERS = ast.Lt, ast.LtE, ast.Gt, ast.GtE
SMALLEST_MARGIN = 1e-2


def is_small(node):
    number = node.value if isinstance(node, ast.Constant) else None
    return isinstance(number, float) and 0 < number < SMALLEST_MARGIN


def is_bare_call(call):
    called = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    bounds = [keyword.value for keyword in call.keywords if keyword.arg in BOUNDS]
    return called in FOREIGN or (called == "approx" and not bounds) or any(map(is_small, bounds))


def is_bare_comparison(comparison):
    ordered = any(isinstance(sign, ORDERS) for sign in comparison.ops)
    return ordered and any(map(is_small, [comparison.left, *comparison.comparators]))


def bare_bounds(text):
    """Finds the lines of a test file with a bound that comes from nowhere."""
    nodes = list(ast.walk(ast.parse(text)))
    asserted = [x for node in nodes if isinstance(node, ast.Assert) for x in ast.walk(node.test)]
    calls = [x for x in nodes if isinstance(x, ast.Call) and is_bare_call(x)]
    comparisons = [x for x in asserted if isinstance(x, ast.Compare) and is_bare_comparison(x)]
    return sorted({x.lineno for x in calls + comparisons})


@pytest.mark.parametrize(
    "line",
    [
        "assert abs(a - b) < 1e-6",
        "assert (np.abs(a - b).max() > 1e-5) == moved",
        "assert a == pytest.approx(b, rel=1e-4)",
        "assert a == pytest.approx(b)",
        "np.testing.assert_allclose(a, b)",
        "assert np.isclose(a, b)",
        "same(a, b, atol=1e-3)",
    ],
)
def test_a_bare_bound_is_found(line):
    assert bare_bounds(f"\n{line}\n") == [2]


@pytest.mark.parametrize(
    "line",
    [
        "assert_close(a, b, SUM)",
        "assert a < SUM * rounding()",
        "assert rate == 1e-3",
        "assert a == pytest.approx(b, abs=share_margin(0.5, 100))",
        "fit(learning_rate=1e-3)",
    ],
)
def test_what_is_no_bare_bound_is_left_alone(line):
    assert bare_bounds(line) == []


def test_every_bound_in_the_tests_comes_from_one_place():
    found = {
        str(path.relative_to(TESTS)): lines
        for path in TESTS.rglob("*.py")
        if (lines := bare_bounds(path.read_text()))
    }
    assert found == {}


@pytest.mark.parametrize("dtype", ["bfloat16", "float32", "float64"])
def test_one_rounding_too_many_is_noticed(dtype):
    expected = np.array([[1.0, -4.0], [0.0, 2.0]])
    actual = expected.copy()
    actual[1, 0] += 8 * 4 * float(ml_dtypes.finfo(dtype).eps)
    assert multiples(actual, expected, dtype=dtype) == 8
    assert_close(actual, expected, 8, dtype=dtype)
    with pytest.raises(AssertionError, match=f"8 roundings of {dtype} apart, 7 are allowed"):
        assert_close(actual, expected, 7, dtype=dtype)


def test_a_result_that_cancels_out_is_measured_by_what_was_added_up():
    assert_close(rounding(100), 0, 1, scale=100)
    with pytest.raises(AssertionError, match="inf roundings"):
        assert_close(rounding(100), 0, 1)
    assert_close(np.zeros(3), 0, 1)


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_must_be_so_in_both(odd):
    assert_close([odd, 1.0], [odd, 1.0], 1)
    for other in {0.0, 1.0, np.nan, np.inf} - {odd}:
        for pair in (odd, other), (other, odd):
            with pytest.raises(AssertionError):
                assert_close([pair[0], 1.0], [pair[1], 1.0], 1)
    with pytest.raises(AssertionError):
        assert_within(odd, 0.0, 1.0)


def test_shapes_must_be_equal_unless_one_is_a_number():
    assert_close(np.ones((2, 3)), 1, 1)
    assert_close([], [], 1)
    with pytest.raises(AssertionError, match=r"shape \(2, 3\) against \(3,\)"):
        assert_close(np.ones((2, 3)), np.ones(3), 1)


def test_a_fault_of_one_percent_is_noticed_at_the_widest_multiple():
    with pytest.raises(AssertionError):
        assert_close(1.01, 1.0, TRAINING)


def test_a_bound_of_another_kind_is_absolute():
    assert_within([1.0, 100.0], [1.5, 99.5], 0.5)
    with pytest.raises(AssertionError, match=r"0\.6 apart, 0\.5 is allowed"):
        assert_within([1.0, 100.0], [1.5, 99.4], 0.5)


def test_the_margins_are_four_standard_errors():
    assert mean_margin(3.0, 36) == 2
    assert share_margin(0.5, 100) == 0.2
    draws = np.random.default_rng(0).normal(size=(2000, 100)).std(axis=1)
    assert draws.std() == pytest.approx(deviation_margin(100) / 4, rel=deviation_margin(2000))
