import tensorflow as tf

from tests.contract.gradients import without_gradient


def test_every_trainable_variable_gets_a_gradient(built):
    method, batch = built
    # Weights that start at zero let no gradient through to what is before them.
    method.fit(tf.data.Dataset.from_tensors(batch), verbose=0)

    def loss():
        return method.compute_loss(x=batch, y_pred=method(batch, training=True), training=True)

    assert without_gradient(method, loss) == []
