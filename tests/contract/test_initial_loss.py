import pytest


def test_the_initial_loss_is_what_theory_gives(case, built):
    if case.initial_loss is None:
        pytest.skip("theory gives no value")
    method, batch = built
    expected, off = case.initial_loss
    loss = method.compute_loss(x=batch, y_pred=method(batch), training=False)
    assert abs(float(loss) - expected) < off
