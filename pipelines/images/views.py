"""Several views of every image, for joint embedding."""

from typing import Any

import tensorflow as tf

from mmssl.pipelines.elements import mapped, uniforms
from mmssl.pipelines.images import augmentation
from mmssl.pipelines.images.augmentation import (
    check_jitter,
    random_blur,
    random_grayscale,
    random_horizontal_flip,
    random_solarize,
)
from mmssl.pipelines.images.crops import ImageCrops, check_scale
from mmssl.pipelines.images.resampling import (
    BOX_DRAWS,
    crop_batch_to_columns,
    crop_boxes,
    crop_to_columns,
    to_images,
)

_DRAWS = {
    "box": BOX_DRAWS,
    "flip": 1,
    "jitter": augmentation.JITTER_DRAWS,
    "gray": 1,
    "blur": 2,
    "solarize": 1,
}
_SMALL = 128 * 128  # pixels up to which images of one size are processed a batch at a time
_FUSED = 96  # pixels along each side from which the steps of an image are fused by XLA


class ImageViews(ImageCrops):
    """Random resized crops of one image, with flips, color jitter, blur and solarization.

    Batches hold images_1 and images_2, float32 (B, size, size, 3) in [0, 1], and with
    `num_small_views` above 0 images_3, ..., float32 (B, small_size, small_size, 3). Inputs of a
    trained encoder are those of `ImageCrops`.

    A probability is one number for all views, or a list for view 1, view 2 and so on, whose last
    number is for all further views. The settings of the papers:

    - SimCLR (arXiv 2002.05709): scale [0.08, 1], jitter [0.8, 0.8, 0.8, 0.2], blur_probability 0.5;
    - MoCo v1: jitter [0.4, 0.4, 0.4, 0.4], jitter_probability 1; MoCo v2 and SimSiam (arXiv
      2003.04297): the defaults and blur_probability 0.5;
    - BYOL, Barlow Twins, VICReg (arXiv 2006.07733): scale [0.08, 1], jitter [0.4, 0.4, 0.2, 0.1],
      blur_probability [1, 0.1], solarize_probability [0, 0.2];
    - SwAV (arXiv 2006.09882): as SimCLR, with scale [0.14, 1], six small views of 96 pixels and
      small_scale [0.05, 0.14];
    - DINO (arXiv 2104.14294): as BYOL, with scale [0.4, 1], blur_probability [1, 0.1, 0.5],
      solarize_probability [0, 0.2, 0], eight small views of 96 pixels and small_scale [0.05, 0.4].

    A subclass with augmentations of its own defines `augment`, and sets `augment_draws` to the
    number of random numbers that it needs for each view; one whose batches say where a view was
    taken from defines `describe`.

    Args:
        source: see `ImageCrops`.
        size: pixels along each side of the first two views.
        batch_size: images per batch, each with all its views.
        scale: see `ImageCrops`.
        ratio: see `ImageCrops`.
        flip: flip half of the views left to right.
        jitter: strengths of brightness, contrast, saturation (0 or more) and hue (0 to 0.5).
        jitter_probability: probability that the colors of a view are jittered.
        gray_probability: probability that a view is converted to grayscale.
        blur_probability: probability that a view is blurred.
        blur_sigma: smallest and largest standard deviation of the blur in pixels, above 0.
        solarize_probability: probability that a view is solarized, with threshold 0.5.
        num_small_views: number of further views of another size, 0 or more.
        small_size: pixels along each side of a small view, 1 or more.
        small_scale: as `scale`, for the small views.
        **kwargs: see `Pipeline`.
    """

    augment_draws = 0

    def __init__(
        self,
        source: Any = "builtin:photos",
        size: int = 32,
        batch_size: int = 256,
        scale: tuple[float, float] = (0.2, 1.0),
        ratio: tuple[float, float] = (3 / 4, 4 / 3),
        flip: bool = True,
        jitter: tuple[float, float, float, float] = (0.4, 0.4, 0.4, 0.1),
        jitter_probability: float | list[float] = 0.8,
        gray_probability: float | list[float] = 0.2,
        blur_probability: float | list[float] = 0.0,
        blur_sigma: tuple[float, float] = (0.1, 2.0),
        solarize_probability: float | list[float] = 0.0,
        num_small_views: int = 0,
        small_size: int = 16,
        small_scale: tuple[float, float] = (0.05, 0.4),
        **kwargs,
    ):
        super().__init__(source, size, batch_size, scale, ratio, flip, **kwargs)
        check_jitter(jitter)
        if not 0 < blur_sigma[0] <= blur_sigma[1]:
            raise ValueError(f"blur_sigma={blur_sigma} must be above 0 and in ascending order")
        if num_small_views < 0:
            raise ValueError(f"num_small_views={num_small_views} must be 0 or more")
        if small_size < 1:
            raise ValueError(f"small_size={small_size} must be 1 or more pixels")
        check_scale("small_scale", small_scale)
        self.jitter = tuple(jitter)
        self.blur_sigma = tuple(blur_sigma)
        count = 2 + num_small_views
        self.sizes = [size] * 2 + [small_size] * num_small_views
        self.scales = [self.scale] * 2 + [tuple(small_scale)] * num_small_views
        self.jitter_probability = per_view("jitter_probability", jitter_probability, count)
        self.gray_probability = per_view("gray_probability", gray_probability, count)
        self.blur_probability = per_view("blur_probability", blur_probability, count)
        self.solarize_probability = per_view("solarize_probability", solarize_probability, count)

    def worth_caching(self, source):
        if super().worth_caching(source):
            return True
        return source.read(tf.constant(0, tf.int64)).shape[:2].num_elements() <= _SMALL

    def batched(self, numbers, seed, rows):
        if not self._crops_batches():
            return super().batched(numbers, seed, rows)
        height, width, _ = self.shapes[0].tolist()

        def batch(several):
            items = tf.reshape(self._kept.values, [-1, height, width, 3])
            images = tf.gather(items, self.item_index(several, seed))
            images = tf.ensure_shape(images, [rows, height, width, 3])
            draws = uniforms(seed, several[0], rows, self._draws())
            return self.views_of([images] * len(self.sizes), crop_batch_to_columns, draws)

        several = numbers.batch(rows, drop_remainder=True)
        return mapped(several, batch, self.num_parallel_calls)

    def example(self, index, key):
        return self.views_of_items([self.item(index)] * len(self.sizes), key)

    def augment(self, images, draws, view):
        """Augments the finished images of one view, for subclasses with their own augmentations.

        Args:
            images: float32 tensor (B, S, S, 3) in [0, 1].
            draws: float32 tensor (B, `augment_draws`), uniform in [0, 1).
            view: int, index of the view, from 0.

        Returns:
            float32 tensor (B, S, S, 3) in [0, 1].
        """
        return images

    def describe(self, box, draws, view):
        """Says where a view was taken from, for subclasses whose batches hold that.

        Args:
            box: int32 tensor (B, 4): top, left, height, width, in pixels of the image.
            draws: dict of float32 tensors (B, N), uniform in [0, 1): those of `augment`, and of
                `flip`, below 0.5 for a view that is flipped where `flip` is on.
            view: int, index of the view, from 0.

        Returns:
            dict of further entries of the batch, int32 or float32 tensors (B, ...).
        """
        return {}

    def _crops_batches(self):
        if self._kept is None or (self.shapes != self.shapes[0]).any():
            return False
        height, width, _ = self.shapes[0]
        return max(height * width, max(self.sizes) ** 2) <= _SMALL

    def _draws(self):
        return len(self.sizes) * (sum(_DRAWS.values()) + self.augment_draws)

    def views_of_items(self, items, key):
        """Makes the views of one element.

        Args:
            items: list of uint8 tensors (H, W, 3), what each view shows.
            key: int64 (2,), the seed.

        Returns:
            dict of images_1, images_2, ..., float32 (size, size, 3).
        """
        shown = [tf.ensure_shape(item, [None, None, 3])[tf.newaxis] for item in items]
        draws = uniforms(key[0], key[1], 1, self._draws())
        views = self.views_of(shown, crop_to_columns, draws)
        return {name: view[0] for name, view in views.items()}

    def views_of(self, shown, crop, draws):
        """Makes all views of a batch.

        Args:
            shown: list of uint8 tensors (B, H, W, 3), what each view shows.
            crop: function of images, boxes int32 (B, 4) and size -> columns from 0 to 255.
            draws: float32 tensor (B, `_draws()`).
        """
        views = {}
        for view, (size, own) in enumerate(zip(self.sizes, self._for_views(draws), strict=True)):
            images = shown[view]
            height, width = tf.unstack(tf.shape(images)[1:3])
            box = crop_boxes(height, width, own["box"], self.scales[view], self.ratio)
            columns = self._augmented(crop(images, box, size), own, view)
            views[f"images_{view + 1}"] = self.augment(to_images(columns), own["augment"], view)
            views |= self.describe(box, own, view)
        return views

    def _for_views(self, draws):
        """Splits draws (B, `_draws()`) into a dict for each view."""
        counts = {**_DRAWS, "augment": self.augment_draws}
        for part in tf.split(draws, len(self.sizes), axis=1):
            yield dict(zip(counts, tf.split(part, list(counts.values()), axis=1), strict=True))

    def _augmented(self, columns, draws, view):
        flip, gray, solarize = (draws[name][:, 0] for name in ("flip", "gray", "solarize"))
        jittering = augmentation.jitter_factors(
            draws["jitter"], self.jitter, self.jitter_probability[view]
        )

        def augmented(columns, jittering, flip, gray, blur, solarize):
            columns = tf.clip_by_value(columns / 255.0, 0.0, 1.0)
            if self.flip:
                columns = random_horizontal_flip(columns, flip)
            if self.jitter_probability[view]:
                columns = augmentation.color_jitter(columns, *jittering)
            if self.gray_probability[view]:
                columns = random_grayscale(columns, gray, self.gray_probability[view])
            if self.blur_probability[view]:
                columns = random_blur(columns, blur, self.blur_probability[view], self.blur_sigma)
            if self.solarize_probability[view]:
                columns = random_solarize(columns, solarize, self.solarize_probability[view])
            return columns

        # The steps of one large image are fused, so that it stays in the cache. Small ones are
        # faster without, as the compiler takes a second or two to start.
        fused = columns.shape[0] == 1 and self.sizes[view] >= _FUSED
        run = tf.function(augmented, jit_compile=True, autograph=False) if fused else augmented
        return run(columns, jittering, flip, gray, draws["blur"], solarize)


def per_view(name, given, count):
    """Returns one probability per view; the last of a list is for all further views."""
    listed = [given] if isinstance(given, int | float) else list(given)
    if not listed or not all(0 <= probability <= 1 for probability in listed):
        raise ValueError(f"{name}={given} must be a number, or a list of numbers, from 0 to 1")
    if len(listed) > count:
        raise ValueError(f"{name}={given} has more numbers than there are views, {count}")
    return listed + listed[-1:] * (count - len(listed))
