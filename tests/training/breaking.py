"""A method whose numbers end at a step."""

import keras
from keras import ops

from mmssl.methods.bases import Pretrainer


class Breaking(Pretrainer):
    """Pulls embeddings to zero until `step`, counted from 1, whose `where` is not finite.

    Args:
        encoder: see Pretrainer.
        step: int.
        where: `loss` (NaN, its gradient too) or `gradient` (NaN, with a loss of 0).
    """

    metric_names = ("size",)

    def __init__(self, encoder: keras.Model, step: int = 4, where: str = "loss", **kwargs):
        super().__init__(encoder, **kwargs)
        self.step, self.where = step, where

    def loss_terms(self, batch, outputs, training):
        size = ops.mean(ops.square(outputs["embedding"]))
        now = self.optimizer.iterations == self.step - 1
        if self.where == "loss":
            return {"size": size * ops.where(now, float("nan"), 1.0)}
        return {"size": ops.sqrt(size * ops.where(now, 0.0, 1.0))}
