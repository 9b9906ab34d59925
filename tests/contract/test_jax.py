import importlib.util
import os
import subprocess
import sys

import numpy as np
import pytest

from tests.contract.cases import CASES

BACKENDS = ("tensorflow", "jax")


@pytest.mark.parametrize("name", CASES)
def test_the_method_trains_alike_on_jax(name, tmp_path):
    """In processes of their own: Keras settles its backend once a process."""
    if importlib.util.find_spec("jax") is None:
        pytest.skip("jax is not installed: pip install '.[jax]'")
    losses = {}
    for backend in BACKENDS:
        done = subprocess.run(
            [sys.executable, "-m", "tests.contract.train_on_backend", name, str(tmp_path)],
            env={**os.environ, "KERAS_BACKEND": backend},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        losses[backend] = np.load(tmp_path / f"{backend}.npy")
    np.testing.assert_allclose(losses["jax"], losses["tensorflow"], rtol=2e-4)
