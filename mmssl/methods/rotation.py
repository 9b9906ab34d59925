"""RotNet."""

import keras
import numpy as np
from keras import ops

from mmssl.methods.bases import PretextClassification
from mmssl.methods.bases.joint_embedding import embedding_width

TURNS = 4


class RotNet(PretextClassification):
    """Prediction of rotations (Gidaris, Singh, Komodakis 2018, arXiv 1803.07728).

    Tells by how many quarter turns a picture was turned, all four of each in the batch:

        loss = -mean_{b, k} log softmax(head(encoder(x_b turned by 90 k degrees)))_k,    k = 0 ... 3

    Batch:
        images_1, ..., images_4: float32 (B, size, size, 3) in [0, 1], turned counterclockwise by 0,
            90, 180 and 270 degrees.

    Across replicas: the statistics of batch norm.

    Args:
        encoder: keras.Model of square `images`.
        hidden: widths of layers between embedding and classifier; none in the paper.
        **kwargs: passed to Pretrainer.
    """

    def __init__(self, encoder: keras.Model, hidden: tuple[int, ...] = (), **kwargs):
        width = embedding_width(encoder)
        super().__init__(encoder, TURNS, width, classes=TURNS, hidden=hidden, **kwargs)

    def call(self, batch, training=False):
        return self.head(ops.concatenate(self.embed(batch, training)), training=training)

    def labels(self, batch):
        return ops.repeat(ops.arange(TURNS, dtype="int32"), batch["images_1"].shape[0])

    def undone(self, batch, answers, data):
        rows = batch["images_1"].shape[0]
        turns = np.arange(rows) % TURNS  # one of the orientations of each picture
        seen = (batch[f"images_{turn + 1}"][row] for row, turn in enumerate(turns))
        told = answers.reshape(TURNS, rows)[turns, np.arange(rows)]
        return np.stack([np.rot90(image, -turn) for image, turn in zip(seen, told, strict=True)])
