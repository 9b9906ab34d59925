import pytest

from tests.contract.cases import build_case, first_batch


def test_the_initial_loss_is_what_theory_gives(case):
    if case.initial_loss is None:
        pytest.skip("theory gives no value")
    data, method = build_case(case.config(*case.theory))
    batch = first_batch(data)
    expected, off = case.initial_loss
    loss = method.compute_loss(x=batch, y_pred=method(batch), training=False)
    assert abs(float(loss) - expected) < off
