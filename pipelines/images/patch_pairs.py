"""Pairs of neighboring patches of a picture, for predicting where the second one was."""

from typing import Any, Literal, get_args

import tensorflow as tf

from mmssl.pipelines.images.crops import ImageCrops
from mmssl.pipelines.images.shortcuts import drop_colors, even_contrast, project_colors

# The places around a patch, row by row: (down, right), in steps.
PLACES = ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1))

_PAIR = 1  # keeps the draws of the pair independent of those of the crop
_COARSEST = 10  # pixels along each side of the coarsest patch
_Colors = Literal["drop", "project", "keep"]


class PatchPairs(ImageCrops):
    """Random crops, and of each a patch and one of its eight neighbors.

    Batches hold images_1 and images_2, float32 (B, patch_size, patch_size, 3) in [0, 1], and
    position int32 (B,), the place of the second patch around the first, row by row:

        0 1 2
        3   4
        5 6 7

    The place is drawn first, and then the pair, anywhere in the crop. What would tell it without a
    look at what is shown is taken away: lines that run on from patch to patch (by the gap, and the
    jitter of each patch), the fringes of a lens (by what `colors` says), brightness and contrast
    (evened), and the grain of the pixels (some patches are scaled down and up again). Inputs of a
    trained encoder are those of `ImageCrops`, whole pictures of `size` pixels in color.

    Args:
        source: see `ImageCrops`.
        size: pixels along each side of a crop, enough for 3 x 3 patches.
        batch_size: pairs per batch.
        patch_size: pixels along each side of a patch, 2 or more.
        gap: pixels between neighboring patches before they are jittered, at least twice `jitter`,
            so that patches never overlap.
        jitter: pixels by which a patch is moved at most along each axis, 0 or more.
        colors: `drop` keeps one channel of each patch and puts noise in the place of the others,
            `project` removes the share of green and magenta, `keep` leaves the fringes of lenses.
        coarse_probability: probability that a patch is scaled down, to 10 pixels along each side at
            least, and up again.
        **kwargs: see `ImageCrops`.

    Raises:
        ValueError: an argument is out of range.
    """

    def __init__(
        self,
        source: Any = "builtin:photos",
        size: int = 64,
        batch_size: int = 64,
        patch_size: int = 16,
        gap: int = 6,
        jitter: int = 2,
        colors: _Colors = "drop",
        coarse_probability: float = 0.33,
        **kwargs,
    ):
        super().__init__(source, size, batch_size, **kwargs)
        if patch_size < 2 or jitter < 0 or gap < 2 * jitter:
            raise ValueError(
                f"patch_size={patch_size} must be 2 or more pixels, jitter={jitter} 0 or more, and "
                f"gap={gap} at least twice the jitter"
            )
        needed = 3 * patch_size + 2 * gap + 2 * jitter
        if size < needed:
            raise ValueError(
                f"size={size} is too small for 3 patches of {patch_size} pixels a side with gaps "
                f"of {gap} and a jitter of {jitter}: it must be {needed} or more"
            )
        if colors not in get_args(_Colors):
            raise ValueError(f"colors={colors!r} must be one of {', '.join(get_args(_Colors))}")
        if not 0 <= coarse_probability <= 1:
            raise ValueError(f"coarse_probability={coarse_probability} must lie between 0 and 1")
        self.patch_size = patch_size
        self.gap = gap
        self.jitter = jitter
        self.colors = colors
        self.coarse_probability = coarse_probability

    def example(self, index, key):
        crop = super().example(index, key)["images"]
        pair_key = tf.random.experimental.stateless_fold_in(key, _PAIR)
        keys = tf.unstack(tf.random.experimental.stateless_split(pair_key, 3))
        position, corners = self.corners(keys[0])
        patches = tf.stack([self._patch(crop, corner) for corner in tf.unstack(corners)])
        patches = self._without_color(self._coarsened(patches, keys[1]), keys[2])
        first, second = tf.unstack(even_contrast(patches))
        return {"images_1": first, "images_2": second, "position": position}

    def corners(self, key):
        """Draws where the patches of a pair lie in a crop.

        Args:
            key: int64 (2,), the seed.

        Returns:
            Pair of an int32 scalar, the place of the second around the first, and int32 (2, 2), the
            top left corners (row, column) of both.
        """
        place_key, corner_key, jitter_key = tf.unstack(
            tf.random.experimental.stateless_split(key, 3)
        )
        position = tf.random.stateless_uniform([], place_key, 0, len(PLACES), tf.int32)
        way = tf.gather(tf.constant(PLACES), position) * (self.patch_size + self.gap)
        low = self.jitter + tf.maximum(-way, 0)
        high = self.size - self.patch_size - self.jitter - tf.maximum(way, 0)
        room = tf.cast(high - low + 1, tf.float32)
        moved = tf.floor(tf.random.stateless_uniform([2], corner_key) * room)
        first = low + tf.cast(moved, tf.int32)
        jitter = tf.random.stateless_uniform(
            [2, 2], jitter_key, -self.jitter, self.jitter + 1, tf.int32
        )
        return position, tf.stack([first, first + way]) + jitter

    def _patch(self, crop, corner):
        begin = tf.concat([corner, [0]], axis=0)
        return tf.slice(crop, begin, [self.patch_size, self.patch_size, 3])

    def _coarsened(self, patches, key):
        draws = tf.random.stateless_uniform([2, 2], key)
        least = min(_COARSEST, self.patch_size)

        def coarse(patch, draw):
            side = least + tf.cast(draw * (self.patch_size - least), tf.int32)
            small = tf.image.resize(patch, [side, side], antialias=True)
            return tf.image.resize(small, [self.patch_size, self.patch_size])

        def chosen(patch, whether, draw):
            return tf.cond(
                whether < self.coarse_probability, lambda: coarse(patch, draw), lambda: patch
            )

        pairs = zip(tf.unstack(patches), tf.unstack(draws), strict=True)
        return tf.stack([chosen(patch, *tf.unstack(draw)) for patch, draw in pairs])

    def _without_color(self, patches, key):
        if self.colors == "keep":
            return patches
        return drop_colors(patches, key) if self.colors == "drop" else project_colors(patches)
