import pytest


def test_one_batch_is_learned_by_heart(case, built):
    from tests.contract.cases import compile_method

    if case.overfit is None:
        pytest.skip("one batch cannot be learned by heart")
    method, batch = built
    compile_method(method, learning_rate=3e-3)
    method.make_train_function()
    losses = [float(method.train_function([batch])["loss"])]
    for _ in range(4):
        method.reset_metrics()
        for _ in range(40):
            logs = method.train_function([batch])
        losses.append(float(logs["loss"]))
    assert losses[-1] - case.least_loss < case.overfit * (losses[0] - case.least_loss)
