import importlib.util

import numpy as np
import pytest

from tests.contract.cases import CASES
from tests.contract.children import result, selected, start

BACKENDS = ("tensorflow", "jax")


@pytest.fixture(scope="module")
def trained(request, tmp_path_factory):
    """In a process a backend: Keras settles its backend once a process."""
    if importlib.util.find_spec("jax") is None:
        pytest.skip("jax is not installed: pip install '.[jax]'")
    folder = tmp_path_factory.mktemp("backends")
    for backend in BACKENDS:
        module = "tests.contract.train_on_backend"
        start(module, folder / backend, selected(request), KERAS_BACKEND=backend)
    return folder


@pytest.mark.parametrize("name", CASES)
def test_the_method_trains_alike_on_jax(name, trained):
    losses = {backend: np.load(result(trained / backend, name, ".npy")) for backend in BACKENDS}
    np.testing.assert_allclose(losses["jax"], losses["tensorflow"], rtol=2e-4)
