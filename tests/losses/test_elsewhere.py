"""All losses at once in processes of their own: a process has one backend and one strategy."""

import importlib.util
import json
import subprocess
import sys

import pytest

from tests.losses.contract import all_cases, largest, value_and_gradients
from tests.tolerances import NETWORK, SUM, assert_close


def results_of(module):
    done = subprocess.run([sys.executable, "-m", module], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def assert_same(results):
    for name, case in all_cases().items():
        value, gradients = value_and_gradients(case)
        found = results[name]
        assert_close(found["value"], value, SUM, err_msg=name)
        for key, expected in gradients.items():
            got = found["gradients"][key]
            assert_close(got, expected, NETWORK, largest(gradients), err_msg=f"{name} {key}")


def test_two_replicas_with_half_the_batch_equal_one_with_the_whole():
    assert_same(results_of("tests.losses.losses_on_replicas"))


def test_jax_gives_the_same():
    if importlib.util.find_spec("jax") is None:
        pytest.skip("jax is not installed: pip install mmssl[jax]")
    assert_same(results_of("tests.losses.losses_on_jax"))
