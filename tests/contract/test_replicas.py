import json

import numpy as np
import pytest

from tests.contract.cases import CASES
from tests.contract.children import result, selected, start


@pytest.fixture(scope="module")
def folder(request, tmp_path_factory):
    """In a process of its own: TensorFlow settles its devices once a process."""
    path = tmp_path_factory.mktemp("replicas") / "trained"
    start("tests.contract.train_on_replicas", path, selected(request))
    return path


@pytest.fixture
def trained(folder, name):
    return json.loads(result(folder, name, ".json").read_text())


@pytest.mark.parametrize("name", CASES)
def test_two_replicas_equal_one(name, trained):
    one, two = trained["one"], trained["two"]
    assert (one["replicas"], two["replicas"]) == (1, 2)
    for figure in ("losses", "gradient_norms", "weights"):
        assert two[figure] == pytest.approx(one[figure], rel=1e-5, abs=1e-5), figure


@pytest.mark.parametrize("name", CASES)
def test_mixed_bfloat16_on_two_replicas_is_close_to_float32(name, trained):
    exact, mixed = trained["two"]["losses"], trained["two in bfloat16"]["losses"]
    assert np.isfinite(mixed).all()
    np.testing.assert_allclose(mixed, exact, rtol=0.05)
