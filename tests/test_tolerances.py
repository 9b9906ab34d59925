"""The comparison itself, and that every test's bound comes from it."""

import ast
from pathlib import Path

import numpy as np
import pytest

from tests.tolerances import assert_close, multiples, rounding

TESTS = Path(__file__).parent
# Their bounds are not of our choosing: an element more or less than 1e-7 or 1e-6 off.
FOREIGN = {"allclose", "assert_allclose", "assert_almost_equal", "isclose"}
BOUNDS = {"abs", "atol", "rel", "rtol"}
SMALLEST_MARGIN = 1e-2


def is_small(node):
    number = node.value if isinstance(node, ast.Constant) else None
    return isinstance(number, float) and 0 < number < SMALLEST_MARGIN


def bare_bounds(tree):
    """Finds the lines whose bound comes from nowhere."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = getattr(node.func, "attr", None)
            bounds = {keyword.arg: keyword.value for keyword in node.keywords}
            unbounded = called == "approx" and not BOUNDS & set(bounds)
            small = any(is_small(x) for name, x in bounds.items() if name in BOUNDS)
            if called in FOREIGN or unbounded or small:
                yield node.lineno
        if isinstance(node, ast.Assert):
            compared = [x for x in ast.walk(node.test) if isinstance(x, ast.Compare)]
            yield from (x.lineno for x in compared if any(map(is_small, x.comparators)))
