"""A method of one step's worth, which reads the codes of another run."""

import keras
from keras import ops

from mmssl.methods.bases import Pretrainer


def code_encoder(entries: int = 2, code_shape: tuple[int, int] = (1, 1)) -> keras.Model:
    codes = keras.Input(code_shape, dtype="int32", name="codes")
    features = keras.layers.Embedding(entries, 4)(codes)
    embedding = keras.layers.GlobalAveragePooling2D()(features)
    return keras.Model({"codes": codes}, {"features": features, "embedding": embedding})


class Shrinking(Pretrainer):
    """Learns vectors of codes that are as short as can be."""

    metric_names = ("length",)

    def __init__(self, encoder: keras.Model, entries: int = 2, **kwargs):
        super().__init__(encoder, **kwargs)
        self.entries = entries

    def loss_terms(self, batch, outputs, training):
        return {"length": ops.mean(ops.square(outputs["features"]))}
