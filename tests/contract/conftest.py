import pytest

from tests.contract.cases import CASES, build_case, first_batch


@pytest.fixture(params=CASES)
def case(request):
    return CASES[request.param]


@pytest.fixture
def built(case):
    """Method and first batch of a case in its tiny form, without dropout."""
    import keras

    keras.utils.set_random_seed(0)
    data, method = build_case(case.config())
    return method, first_batch(data)
