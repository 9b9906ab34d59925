"""Nine tiles of a picture in disorder, for predicting how they were permuted."""

from typing import Any

import tensorflow as tf

from mmssl.pipelines.images.crops import ImageCrops
from mmssl.pipelines.images.permutations import (
    ALL,
    TILES,
    distant_permutations,
    read_permutations,
    write_permutations,
)
from mmssl.pipelines.images.shortcuts import even_contrast, project_colors

SIDE = 3

_PUZZLE = 1  # keeps the draws of the puzzle independent of those of the crop


class JigsawTiles(ImageCrops):
    """Random crops cut into 3 x 3 tiles, which are put in one of a few orders.

    Batches hold images_1 to images_9, float32 (B, tile_size, tile_size, 3) in [0, 1], the tiles in
    their new order, slot after slot, and permutation int32 (B,), the number of the order. The
    orders are far from each other, see `distant_permutations`; they are kept in permutations.txt of
    the run folder, so that a number always means the same. Slot k holds tile `table[number, k]`,
    where tiles are counted row by row.

    What would tell the order without a look at what is shown is taken away: lines that run on from
    tile to tile (each is cut anywhere in its cell), the fringes of a lens (some pictures are gray,
    of others the share of green and magenta is removed, and the channels of each tile are moved
    against each other), brightness and contrast (evened tile by tile). Inputs of a trained encoder
    are those of `ImageCrops`, whole pictures of `size` pixels in color.

    Args:
        source: see `ImageCrops`.
        size: pixels along each side of a crop, a multiple of 3.
        batch_size: puzzles per batch.
        permutations: number of orders, 2 to 9!.
        tile_size: pixels along each side of a tile, 2 or more.
        channel_shift: pixels by which a channel is moved at most along each axis, 0 or more; with
            `tile_size` it fits in a third of `size`.
        gray_probability: probability that a picture is made gray.
        project_probability: probability that a picture that was not loses green and magenta.
        **kwargs: see `ImageCrops`.

    Attributes:
        table: int32 array (permutations, 9); None before `prepare`.

    Raises:
        ValueError: an argument is out of range.
    """

    def __init__(
        self,
        source: Any = "builtin:photos",
        size: int = 72,
        batch_size: int = 64,
        permutations: int = 64,
        tile_size: int = 16,
        channel_shift: int = 1,
        gray_probability: float = 0.5,
        project_probability: float = 0.5,
        **kwargs,
    ):
        super().__init__(source, size, batch_size, **kwargs)
        if not 2 <= permutations <= ALL:
            raise ValueError(f"permutations={permutations} must lie between 2 and {ALL}")
        if size % SIDE or tile_size < 2 or channel_shift < 0:
            raise ValueError(
                f"size={size} must be a multiple of {SIDE} pixels, tile_size={tile_size} 2 or "
                f"more, and channel_shift={channel_shift} 0 or more"
            )
        if tile_size + channel_shift > size // SIDE:
            raise ValueError(
                f"tile_size={tile_size} and channel_shift={channel_shift} must together be at most "
                f"a third of size={size}"
            )
        if not (0 <= gray_probability <= 1 and 0 <= project_probability <= 1):
            raise ValueError(
                f"gray_probability={gray_probability} and project_probability="
                f"{project_probability} must lie between 0 and 1"
            )
        self.permutations = permutations
        self.tile_size = tile_size
        self.channel_shift = channel_shift
        self.gray_probability = gray_probability
        self.project_probability = project_probability
        self.table = None

    def index(self, folder=None):
        """Chooses the permutations, or reads what the run in `folder` has kept of them."""
        super().index(folder)
        if folder is not None:
            self.restore(folder)
        if self.table is None:
            self.table = distant_permutations(self.permutations)
            if folder is not None:
                write_permutations(folder, self.table)

    def restore(self, folder):
        """Reads the permutations of a run folder."""
        super().restore(folder)
        kept = read_permutations(folder)
        if kept is not None and len(kept) != self.permutations:
            raise ValueError(
                f"permutations={self.permutations}, but the run in {folder} has {len(kept)}"
            )
        self.table = self.table if kept is None else kept

    def method_arguments(self):
        """Returns the number of permutations."""
        return {**super().method_arguments(), "permutations": self.permutations}

    def example(self, index, key):
        crop = super().example(index, key)["images"]
        puzzle_key = tf.random.experimental.stateless_fold_in(key, _PUZZLE)
        keys = tf.unstack(tf.random.experimental.stateless_split(puzzle_key, 3))
        tiles = even_contrast(self.tiles(self._recolored(crop, keys[0]), keys[1]))
        number = tf.random.stateless_uniform([], keys[2], 0, self.permutations, tf.int32)
        slots = tf.unstack(tf.gather(tiles, tf.gather(self.table, number)))
        puzzle = {f"images_{slot}": tile for slot, tile in enumerate(slots, start=1)}
        return {**puzzle, "permutation": number}

    def tiles(self, picture, key):
        """Cuts a tile out of every cell of a picture, each channel of it at a place of its own.

        Args:
            picture: float32 tensor (size, size, 3).
            key: int64 (2,), the seed.

        Returns:
            float32 tensor (9, tile_size, tile_size, 3), row by row.
        """
        cell = self.size // SIDE
        room = cell - self.tile_size - self.channel_shift
        tile_key, channel_key = tf.unstack(tf.random.experimental.stateless_split(key, 2))
        cells = tf.constant([(cell * (n // SIDE), cell * (n % SIDE)) for n in range(TILES)])
        moved = tf.random.stateless_uniform([TILES, 2], tile_key, 0, room + 1, tf.int32)
        channels = tf.random.stateless_uniform(
            [TILES, 3, 2], channel_key, 0, self.channel_shift + 1, tf.int32
        )
        corners = (cells + moved)[:, tf.newaxis] + channels
        along = corners[..., tf.newaxis] + tf.range(self.tile_size)  # (9, 3, 2, tile_size)
        shape = [TILES, 3, self.tile_size, self.tile_size]
        rows = tf.broadcast_to(along[:, :, 0, :, tf.newaxis], shape)
        columns = tf.broadcast_to(along[:, :, 1, tf.newaxis, :], shape)
        channel = tf.broadcast_to(tf.reshape(tf.range(3), [1, 3, 1, 1]), shape)
        cut = tf.gather_nd(picture, tf.stack([rows, columns, channel], axis=-1))
        return tf.transpose(cut, [0, 2, 3, 1])

    def _recolored(self, picture, key):
        gray, project = tf.unstack(tf.random.stateless_uniform([2], key))
        colored = tf.where(project < self.project_probability, project_colors(picture), picture)
        return tf.where(gray < self.gray_probability, tf.image.rgb_to_grayscale(picture), colored)
