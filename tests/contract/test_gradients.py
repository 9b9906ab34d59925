from tests.contract.gradients import without_gradient


def test_every_trainable_variable_gets_a_gradient(built):
    method, batch = built

    def loss():
        return method.compute_loss(x=batch, y_pred=method(batch, training=True), training=True)

    assert without_gradient(method, loss) == []
