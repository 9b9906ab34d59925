"""A small encoder to watch, and figures of vectors."""

import keras
import numpy as np

from mmssl.evaluation.collapse.diagnostics import diagnose


class Plain(keras.Model):
    """A model whose encoder does not change while it is fitted."""

    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def export_encoder(self):
        return self.encoder

    def projection_model(self):
        return None

    def call(self, batch):
        return keras.ops.mean(self.encoder(batch)["embedding"], axis=1)


def dense_encoder():
    x = inputs = keras.Input((16,), name="x")
    features = keras.layers.Dense(32, name="block_1")(x)
    embedding = keras.layers.Dense(24, name="last")(features)
    return keras.Model({"x": inputs}, {"features": features, "embedding": embedding})


def examples(seed=0):
    x = np.random.default_rng(seed).normal(size=(128, 16)).astype("float32")
    return [{"x": x[:100]}, {"x": x[100:]}]


def fit(encoder, *callbacks, epochs=3):
    model = Plain(encoder)
    model.compile(keras.optimizers.SGD(0.0), "mse")
    batch = {"x": np.zeros((4, 16), "float32")}
    return model.fit(
        batch, np.zeros(4), epochs=epochs, verbose=0, callbacks=list(callbacks)
    ).history


def zero(encoder):
    layer = encoder.get_layer("last")
    layer.set_weights([0 * weight for weight in layer.get_weights()])
    return encoder


def drawn(*factors, mean=0.0):
    """Figures of vectors whose directions have these deviations."""
    rows = mean + np.random.default_rng(0).normal(size=(128, 16))
    return diagnose(rows * np.resize(factors or (1.0,), 16))
