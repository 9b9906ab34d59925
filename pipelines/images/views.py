"""Several views of every picture, for joint embedding."""

from typing import Any

import tensorflow as tf

from mmssl.pipelines.draws import uniforms
from mmssl.pipelines.images import augmentation
from mmssl.pipelines.images.augmentation import (
    check_jitter,
    random_blur,
    random_gray,
    random_mirror,
    random_solarize,
)
from mmssl.pipelines.images.crops import ImageCrops, check_scale
from mmssl.pipelines.images.resampling import BOX_DRAWS, boxes, cut, cut_each, to_images

_DRAWS = {
    "box": BOX_DRAWS,
    "flip": 1,
    "jitter": augmentation.JITTER_DRAWS,
    "gray": 1,
    "blur": 2,
    "solarize": 1,
}
_SMALL = 128 * 128  # pixels up to which pictures of one size are made a batch at a time
_FUSED = 96  # pixels of each side from which the steps of one picture are compiled into one


class ImageViews(ImageCrops):
    """Random resized crops of one picture, each mirrored, recolored, blurred and solarized.

    Batches hold images_1 and images_2, float32 (B, size, size, 3) in [0, 1], and with
    `num_small_views` above 0 images_3, ..., float32 (B, small_size, small_size, 3). Inputs of a
    trained encoder are those of `ImageCrops`.

    A share is the probability that a view is changed: one number for all views, or a list for
    view 1, view 2 and so on, the last number for all further ones. The sets of the papers:

    - SimCLR (arXiv 2002.05709): scale [0.08, 1], jitter [0.8, 0.8, 0.8, 0.2], blur_probability 0.5;
    - MoCo v1: jitter [0.4, 0.4, 0.4, 0.4], jitter_probability 1; MoCo v2 and SimSiam (arXiv
      2003.04297): the defaults and blur_probability 0.5;
    - BYOL, Barlow Twins, VICReg (arXiv 2006.07733): scale [0.08, 1], jitter [0.4, 0.4, 0.2, 0.1],
      blur_probability [1, 0.1], solarize_probability [0, 0.2];
    - SwAV (arXiv 2006.09882): SimCLR's, with scale [0.14, 1], six small views of 96 pixels and
      small_scale [0.05, 0.14];
    - DINO (arXiv 2104.14294): BYOL's, with scale [0.4, 1], blur_probability [1, 0.1, 0.5],
      solarize_probability [0, 0.2, 0], eight small views of 96 pixels and small_scale [0.05, 0.4].

    A subclass with augmentations of its own defines `further`, and in `further_draws` how many
    random numbers it wants for each view.

    Args:
        source: see `ImageCrops`.
        size: pixels of each side of the first two views.
        batch_size: pictures a batch, each in all its views.
        scale: see `ImageCrops`.
        ratio: see `ImageCrops`.
        flip: mirror half of the views left to right.
        jitter: strengths of brightness, contrast, saturation (0 or more) and hue (0 to 0.5).
        jitter_probability: share of views whose colors are jittered.
        gray_probability: share of views that become gray.
        blur_probability: share of views that are blurred.
        blur_sigma: smallest and largest standard deviation of the blur in pixels, above 0.
        solarize_probability: share of views that are solarized at 0.5.
        num_small_views: further views of another size.
        small_size: pixels of each side of a further view.
        small_scale: as `scale`, of a further view.
        **kwargs: see `Pipeline`.
    """

    further_draws = 0

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
            raise ValueError(f"blur_sigma={blur_sigma} must rise, above 0")
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
        self.jitter_probability = _a_view("jitter_probability", jitter_probability, count)
        self.gray_probability = _a_view("gray_probability", gray_probability, count)
        self.blur_probability = _a_view("blur_probability", blur_probability, count)
        self.solarize_probability = _a_view("solarize_probability", solarize_probability, count)

    def gains_by_cache(self, source):
        if super().gains_by_cache(source):
            return True
        return source.read(tf.constant(0, tf.int64)).shape[:2].num_elements() <= _SMALL

    def batched(self, numbers, seed):
        if not self._cut_together():
            return super().batched(numbers, seed)
        height, width, _ = self.shapes[0].tolist()
        pictures = tf.reshape(self._kept.values, [-1, height, width, 3])

        def batch(several):
            images = tf.gather(pictures, self.item_index(several, seed))
            images = tf.ensure_shape(images, [self.batch_size, height, width, 3])
            draws = uniforms(seed, several[0], self.batch_size, self._draws())
            return self._views(images, cut_each, draws)

        return numbers.batch(self.batch_size, drop_remainder=True).map(
            batch, self.parallel_calls, deterministic=True
        )

    def example(self, index, key):
        images = tf.ensure_shape(self.item(index), [None, None, 3])[tf.newaxis]
        views = self._views(images, cut, uniforms(key[0], key[1], 1, self._draws()))
        return {name: view[0] for name, view in views.items()}

    def further(self, images, draws, view):
        """Changes the finished images of one view, for a subclass with augmentations of its own.

        Args:
            images: float32 tensor (B, S, S, 3) in [0, 1].
            draws: float32 tensor (B, `further_draws`), uniform in [0, 1).
            view: number of the view, from 0.

        Returns:
            float32 tensor (B, S, S, 3) in [0, 1].
        """
        return images

    def _cut_together(self):
        if self._kept is None or (self.shapes != self.shapes[0]).any():
            return False
        height, width, _ = self.shapes[0]
        return max(height * width, max(self.sizes) ** 2) <= _SMALL

    def _draws(self):
        return len(self.sizes) * (sum(_DRAWS.values()) + self.further_draws)

    def _views(self, images, cut, draws):
        """Makes all views of pictures.

        Args:
            images: uint8 tensor (B, H, W, 3).
            cut: function of images, boxes int32 (B, 4) and size -> columns from 0 to 255.
            draws: float32 tensor (B, `_draws()`).
        """
        height, width = tf.unstack(tf.shape(images)[1:3])
        views = {}
        for view, (size, own) in enumerate(zip(self.sizes, self._for_views(draws), strict=True)):
            box = boxes(height, width, own["box"], self.scales[view], self.ratio)
            columns = self._augmented(cut(images, box, size), own, view)
            views[f"images_{view + 1}"] = self.further(to_images(columns), own["further"], view)
        return views

    def _for_views(self, draws):
        """Parts draws (B, `_draws()`) into a dict for each view."""
        counts = {**_DRAWS, "further": self.further_draws}
        for part in tf.split(draws, len(self.sizes), axis=1):
            yield dict(zip(counts, tf.split(part, list(counts.values()), axis=1), strict=True))

    def _augmented(self, columns, draws, view):
        flip, gray, solarize = (draws[name][:, 0] for name in ("flip", "gray", "solarize"))
        jittering = augmentation.amounts(
            draws["jitter"], self.jitter, self.jitter_probability[view]
        )

        def augmented(columns, jittering, flip, gray, blur, solarize):
            columns = tf.clip_by_value(columns / 255.0, 0.0, 1.0)
            if self.flip:
                columns = random_mirror(columns, flip)
            if self.jitter_probability[view]:
                columns = augmentation.jittered(columns, *jittering)
            if self.gray_probability[view]:
                columns = random_gray(columns, gray, self.gray_probability[view])
            if self.blur_probability[view]:
                columns = random_blur(columns, blur, self.blur_probability[view], self.blur_sigma)
            if self.solarize_probability[view]:
                columns = random_solarize(columns, solarize, self.solarize_probability[view])
            return columns

        # The steps of one large picture are fused, so that it stays in the cache. Small ones are
        # faster without, as the compiler takes a second or two to start.
        fused = columns.shape[0] == 1 and self.sizes[view] >= _FUSED
        run = tf.function(augmented, jit_compile=True, autograph=False) if fused else augmented
        return run(columns, jittering, flip, gray, draws["blur"], solarize)


def _a_view(name, shares, count):
    """Returns one share a view, of one for all or a list whose last is for all further views."""
    listed = [shares] if isinstance(shares, int | float) else list(shares)
    if not listed or not all(0 <= share <= 1 for share in listed):
        raise ValueError(f"{name}={shares} must be a number, or a list of numbers, from 0 to 1")
    if len(listed) > count:
        raise ValueError(f"{name}={shares} has more numbers than there are views, {count}")
    return listed + listed[-1:] * (count - len(listed))
