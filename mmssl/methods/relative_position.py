"""Relative patch position."""

import keras
import numpy as np
from keras import ops

from mmssl.methods.bases import PretextClassification
from mmssl.methods.bases.held_out_images import join_tiles
from mmssl.methods.bases.joint_embedding import embedding_width

PLACES = 8
SIDE = 3
MIDDLE = 4  # the cell of the first patch, around which the places are


class RelativePosition(PretextClassification):
    """Prediction of a patch's place (Doersch, Gupta, Efros 2015, arXiv 1505.05192).

    Of two patches of a picture, tells where around the first the second was:

        loss = -mean_b log softmax(head(encoder(first_b), encoder(second_b)))_position_b

    With (a, b) the pair (b, a) is learned, too, from the same embeddings: its position is 7 less
    that of (a, b), and the mean is over both.

    Batch:
        images_1, images_2: float32 (B, S, S, 3) in [0, 1], the patches.
        position: int32 (B,), from 0 to 7, row by row around the first patch.

    Across replicas: the statistics of batch norm.

    Args:
        encoder: keras.Model of `images` whose layers take any size, such as a convolutional one:
            patches are smaller than the pictures that it is deployed for.
        hidden: widths of the layers between the two embeddings and the classifier.
        **kwargs: passed to Pretrainer.
    """

    def __init__(self, encoder: keras.Model, hidden: tuple[int, ...] = (4096, 4096), **kwargs):
        width = 2 * embedding_width(encoder)
        super().__init__(encoder, 2, width, classes=PLACES, hidden=hidden, **kwargs)

    def call(self, batch, training=False):
        first, second = self.embed(batch, training)
        ahead = ops.concatenate([first, second], axis=-1)
        back = ops.concatenate([second, first], axis=-1)
        return self.head(ops.concatenate([ahead, back]), training=training)

    def labels(self, batch):
        position = ops.cast(batch["position"], "int32")
        return ops.concatenate([position, PLACES - 1 - position])

    def undone(self, batch, answers, data):
        first, second = batch["images_1"], batch["images_2"]
        rows, size = first.shape[:2]
        places = answers[:rows]
        cells = places + (places >= MIDDLE)
        canvas = np.full((rows, SIDE, SIDE, size, size, 3), 0.5, "float32")
        canvas[:, MIDDLE // SIDE, MIDDLE % SIDE] = first
        canvas[np.arange(rows), cells // SIDE, cells % SIDE] = second
        return join_tiles(canvas)
