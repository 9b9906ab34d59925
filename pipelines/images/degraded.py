"""Degraded crops beside clean ones, one task a batch, for methods that restore pictures."""

from typing import Any

import tensorflow as tf

from mmssl.pipelines.elements import fixed_keys, mapped
from mmssl.pipelines.images.crops import ImageCrops
from mmssl.pipelines.images.degradation import degradation
from mmssl.pipelines.sources import Source

_TASK, _PLACE, _TURN, _DAMAGE = range(1, 5)  # keep draws independent of each other


class DegradedCrops(ImageCrops):
    """Crops at the pictures' own resolution, degraded as one task undoes it, beside clean ones.

    The task is drawn for each batch, by the seed and the number of the batch, so that all replicas
    have the same. Batches hold

        images: float32 (B, size, size, 3) in [0, 1], degraded.
        target: float32 (B, M, M, 3) in [0, 1], clean: M is `size` times the largest scale; a task
            of scale s fills the first `s * size` rows and columns, and the rest is 0.
        task: int32 (B,), its number among `tasks`, the same in all rows.

    Pictures that are smaller than a crop are continued by their mirror image. Inputs of a trained
    encoder are those of `ImageCrops`.

    Args:
        source: see `ImageCrops`.
        size: pixels along each side of a degraded crop.
        batch_size: see `ImageCrops`.
        tasks: names of the tasks: `denoise_SIGMA` with noise of so many of 255 gray levels,
            `upscale_2`, `upscale_3`, `upscale_4`, `derain`, `inpaint`. The method has a head and a
            tail for each, and takes them from here.
        only: those of them that are drawn, to go on training for one of them; null for all.
        flip: whether crops are mirrored and turned by multiples of 90 degrees, all eight ways
            alike.
        **kwargs: see `Pipeline`.

    Attributes:
        drawn: tuple of str, the tasks that are drawn.

    Raises:
        ValueError: a task is unknown or named twice, or there is none.
    """

    def __init__(
        self,
        source: Any = "builtin:photos",
        size: int = 48,
        batch_size: int = 64,
        tasks: tuple[str, ...] = ("denoise_30", "upscale_2", "upscale_4", "derain", "inpaint"),
        only: tuple[str, ...] | None = None,
        flip: bool = True,
        **kwargs,
    ):
        super().__init__(
            source, size, batch_size, scale=(1.0, 1.0), ratio=(1.0, 1.0), flip=flip, **kwargs
        )
        self.tasks = tuple(tasks)
        self.only = None if only is None else tuple(only)
        self.drawn = self.tasks if self.only is None else self.only
        if not self.drawn or len(set(self.tasks)) < len(self.tasks):
            raise ValueError(f"tasks={self.tasks} and only={self.only} must name tasks, each once")
        if not set(self.drawn) <= set(self.tasks):
            raise ValueError(f"only={self.only} must be among tasks={self.tasks}")
        self.degradations = tuple(degradation(name) for name in self.tasks)
        self.scales = tuple(found.scale for found in self.degradations)

    def task_of(self, key):
        """Draws the task of the batch that an element belongs to.

        Args:
            key: int64 (2,), the seed and the number of the element.

        Returns:
            int32 scalar tensor, its number among `tasks`.
        """
        step = tf.stack([key[0], key[1] // self.batch_size])
        numbers = tf.constant([self.tasks.index(name) for name in self.drawn])
        draw = tf.random.stateless_uniform([], _fold(step, _TASK), 0, len(self.drawn), tf.int32)
        return numbers[draw]

    def example(self, index, key):
        image, task = self.item(index), self.task_of(key)
        side = self.size * tf.constant(self.scales)[task]
        free = tf.maximum(tf.shape(image)[:2] - side, 0) + 1
        place = tf.random.stateless_uniform([2], _fold(key, _PLACE))
        top, left = tf.unstack(tf.cast(place * tf.cast(free, tf.float32), tf.int32))
        region = mirrored_crop(image, top, left, self.size * max(self.scales))

        def degraded(number):
            return lambda: self._example(self.degradations[number], region, key)

        images, target = tf.switch_case(task, [degraded(n) for n in range(len(self.tasks))])
        return {"images": images, "target": target, "task": task}

    def _example(self, found, region, key):
        side = found.scale * self.size
        clean = region[:side, :side]
        if self.flip:
            clean = turned(clean, _fold(key, _TURN))
        rest = [[0, region.shape[0] - side]] * 2
        return found.apply(clean, _fold(key, _DAMAGE)), tf.pad(clean, [*rest, [0, 0]])

    def degraded_examples(self, source, task, side, batch_size=64):
        """Returns the middle of each picture of a source, degraded, the same at every call.

        Args:
            source: Source, or anything that `open` accepts.
            task: one of `tasks`.
            side: pixels along each side of the clean picture; what its scale does not divide is
                left out.
            batch_size: pictures per batch; the last batch may be smaller.

        Returns:
            tf.data.Dataset of dicts of images float32 (B, side / scale, side / scale, 3) and target
            (B, side, side, 3).
        """
        source = source if isinstance(source, Source) else self.open(source)
        found = self.degradations[self.tasks.index(task)]
        decode, side = self.decoder_for(source), side // found.scale * found.scale

        def element(key):
            image = decode(source.read(key[1]))
            top, left = tf.unstack(tf.maximum(tf.shape(image)[:2] - side, 0) // 2)
            clean = mirrored_crop(image, top, left, side)
            return {"images": found.apply(clean, _fold(key, _DAMAGE)), "target": clean}

        return mapped(fixed_keys(len(source)), element, self.num_parallel_calls).batch(batch_size)

    def method_arguments(self):
        return {**super().method_arguments(), "tasks": self.tasks, "scales": self.scales}


def mirrored_crop(image, top, left, side):
    """Crops a square; a picture that ends before it is continued by its mirror image.

    Args:
        image: uint8 tensor (H, W, 3).
        top: int32 scalar tensor, 0 or more.
        left: int32 scalar tensor, 0 or more.
        side: int, pixels.

    Returns:
        float32 tensor (side, side, 3) in [0, 1].
    """
    height, width = tf.unstack(tf.shape(image)[:2])
    rows = tf.gather(image, _mirrored(top, side, height), axis=0)
    pixels = tf.gather(rows, _mirrored(left, side, width), axis=1)
    return tf.ensure_shape(tf.cast(pixels, tf.float32) / 255.0, [side, side, 3])


def _mirrored(first, count, length):
    places = (first + tf.range(count)) % (2 * length)
    return tf.minimum(places, 2 * length - 1 - places)


def turned(image, key):
    """Turns and mirrors a square picture (S, S, C), all eight ways alike."""
    transposed, upside_down, reversed_ = tf.unstack(tf.random.stateless_uniform([3], key) < 0.5)
    image = tf.where(transposed, tf.transpose(image, [1, 0, 2]), image)
    image = tf.where(upside_down, tf.reverse(image, [0]), image)
    return tf.where(reversed_, tf.reverse(image, [1]), image)


def _fold(key, number):
    return tf.random.experimental.stateless_fold_in(key, number)
