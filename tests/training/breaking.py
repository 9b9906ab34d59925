"""A method whose numbers end at a step, and a pipeline that lets NaN by."""

import keras
import tensorflow as tf
from keras import ops

from mmssl.methods.bases import Pretrainer
from mmssl.pipelines.images import ImageCrops


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


class BreakingCrops(ImageCrops):
    """Pictures of one gray each, of which that of 140 of 255 is NaN."""

    def batches(self, *args, **kwargs):
        return super().batches(*args, **kwargs).map(_without_a_gray)


def _without_a_gray(batch):
    gray = tf.reduce_mean(batch["images"], axis=(1, 2, 3), keepdims=True) * 255
    return {"images": tf.where(tf.abs(gray - 140) < 1, float("nan"), batch["images"])}
