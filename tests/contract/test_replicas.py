import json
import subprocess
import sys

import pytest

from tests.contract.cases import CASES


@pytest.mark.parametrize("name", CASES)
def test_two_replicas_equal_one(name):
    """In processes of their own: TensorFlow settles its devices once a process."""
    results = [
        json.loads(
            subprocess.run(
                [sys.executable, "-m", "tests.contract.train_on_replicas", name, str(replicas)],
                check=True,
                capture_output=True,
                text=True,
            ).stdout.splitlines()[-1]
        )
        for replicas in (1, 2)
    ]
    one, two = results
    assert two["replicas"] == 2
    for figure in ("losses", "gradient_norms", "weights"):
        assert two[figure] == pytest.approx(one[figure], rel=1e-5, abs=1e-5), figure
