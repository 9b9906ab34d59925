import functools
import json
import subprocess
import sys

import numpy as np
import pytest

from tests.contract.cases import CASES


@functools.cache
def trained(name, replicas):
    """In a process of its own: TensorFlow settles its devices once a process."""
    command = [sys.executable, "-m", "tests.contract.train_on_replicas", name, str(replicas)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("name", CASES)
def test_two_replicas_equal_one(name):
    one, two = trained(name, 1), trained(name, 2)
    assert two["replicas"] == 2
    for figure in ("losses", "gradient_norms", "weights"):
        assert two[figure] == pytest.approx(one[figure], rel=1e-5, abs=1e-5), figure


@pytest.mark.parametrize("name", CASES)
def test_mixed_bfloat16_on_two_replicas_is_close_to_float32(name):
    two = trained(name, 2)
    assert np.isfinite(two["mixed_losses"]).all()
    np.testing.assert_allclose(two["mixed_losses"], two["losses"], rtol=0.05)
