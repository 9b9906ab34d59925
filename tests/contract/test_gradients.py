import tensorflow as tf


def test_every_trainable_variable_gets_a_gradient(built):
    method, batch = built
    with tf.GradientTape() as tape:
        loss = method.compute_loss(x=batch, y_pred=method(batch, training=True), training=True)
    variables = method.trainable_variables
    gradients = tape.gradient(loss, [variable.value for variable in variables])
    without = [
        variable.path
        for variable, gradient in zip(variables, gradients, strict=True)
        if gradient is None or not tf.reduce_any(tf.convert_to_tensor(gradient) != 0)
    ]
    assert without == []
