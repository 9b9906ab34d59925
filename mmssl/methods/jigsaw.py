"""Jigsaw puzzles."""

import keras
import numpy as np
from keras import ops

from mmssl.methods.bases import PretextClassification
from mmssl.methods.bases.held_out_images import join_tiles
from mmssl.methods.bases.joint_embedding import embedding_width

TILES = 9
SIDE = 3


class Jigsaw(PretextClassification):
    """Solving of jigsaw puzzles (Noroozi, Favaro 2016, arXiv 1603.09246).

    Tells by which of a few permutations the nine tiles of a picture were put in disorder. In this
    context-free network a tile is embedded by itself; the head alone sees all of them:

        loss = -mean_b log softmax(head(tile(encoder(x_b1)), ..., tile(encoder(x_b9))))_permutation

    `tile` is a dense layer with ReLU, the same for all tiles.

    Batch:
        images_1, ..., images_9: float32 (B, S, S, 3) in [0, 1], the tiles, slot after slot.
        permutation: int32 (B,), from 0 to `permutations` - 1.

    Across replicas: the statistics of batch norm.

    Args:
        encoder: keras.Model of `images` whose layers take any size, such as a convolutional one:
            tiles are smaller than the pictures that it is deployed for.
        permutations: number of permutations, that of the data, 2 or more.
        tile_width: width of a tile's features, 1 or more.
        hidden: widths of the layers between the features of all tiles and the classifier.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: an argument is out of range.
    """

    def __init__(
        self,
        encoder: keras.Model,
        permutations: int = 1000,
        tile_width: int = 1024,
        hidden: tuple[int, ...] = (4096,),
        **kwargs,
    ):
        if permutations < 2 or tile_width < 1:
            raise ValueError(
                f"Jigsaw(permutations={permutations}) must be 2 or more, and "
                f"tile_width={tile_width} 1 or more."
            )
        super().__init__(
            encoder, TILES, TILES * tile_width, classes=permutations, hidden=hidden, **kwargs
        )
        self.tile = keras.layers.Dense(tile_width, activation="relu", name="tile")
        self.tile.build((None, embedding_width(encoder)))

    def call(self, batch, training=False):
        tiles = [self.tile(embedding) for embedding in self.embed(batch, training)]
        return self.head(ops.concatenate(tiles, axis=-1), training=training)

    def labels(self, batch):
        return ops.cast(batch["permutation"], "int32")

    def undone(self, batch, answers, data):
        slots = np.stack([batch[f"images_{slot}"] for slot in range(1, TILES + 1)], axis=1)
        order = np.argsort(data.table[answers], axis=1)  # the slot of each tile
        tiles = np.take_along_axis(slots, order[:, :, None, None, None], axis=1)
        return join_tiles(tiles.reshape(-1, SIDE, SIDE, *tiles.shape[2:]))
