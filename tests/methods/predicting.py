"""Small methods in which a student predicts its teacher's projections."""

import keras


def tiny(cls, encoder, **kwargs):
    method = cls(encoder, (8, 4), (8, 4), **{"final_momentum": None, **kwargs})
    method.compile(keras.optimizers.SGD(0.5))
    return method


def loss_for(method, pairs, monkeypatch, outputs, targets):
    monkeypatch.setattr(method, "targets", lambda batch, training: targets)
    (loss,) = method.loss_terms(pairs, outputs, training=True).values()
    return float(loss)
