"""Several views of every picture, for joint embedding."""

from typing import Any

import tensorflow as tf

from mmssl.pipelines.augment import jitter
from mmssl.pipelines.augment.blur import random_blur
from mmssl.pipelines.augment.crops import random_box, resized
from mmssl.pipelines.augment.flips import random_mirror
from mmssl.pipelines.augment.grey import random_grey
from mmssl.pipelines.augment.solarise import random_solarise
from mmssl.pipelines.images import Crops, check_scale

_DRAWS = {"flip": 1, "jitter": jitter.DRAWS, "grey": 1, "blur": 2, "solarise": 1}


class Views(Crops):
    """Random resized crops of one picture, each mirrored, recoloured, blurred and solarised.

    Batches hold images_1 and images_2, float32 (B, size, size, 3) in [0, 1], and with
    `small_views` above 0 images_3, ..., float32 (B, small_size, small_size, 3). Inputs of a trained
    encoder are those of `Crops`.

    A share is the probability that a view is changed: one number for all views, or a list for
    view 1, view 2 and so on, the last number for all further ones. The sets of the papers:

    - SimCLR (arXiv 2002.05709): scale [0.08, 1], jitter [0.8, 0.8, 0.8, 0.2], blur_share 0.5;
    - MoCo v1: jitter [0.4, 0.4, 0.4, 0.4], jitter_share 1; MoCo v2 and SimSiam (arXiv 2003.04297):
      the defaults and blur_share 0.5;
    - BYOL, Barlow Twins, VICReg (arXiv 2006.07733): scale [0.08, 1], jitter [0.4, 0.4, 0.2, 0.1],
      blur_share [1, 0.1], solarise_share [0, 0.2];
    - SwAV (arXiv 2006.09882): SimCLR's, with scale [0.14, 1], six small views of 96 pixels and
      small_scale [0.05, 0.14];
    - DINO (arXiv 2104.14294): BYOL's, with scale [0.4, 1], blur_share [1, 0.1, 0.5],
      solarise_share [0, 0.2, 0], eight small views of 96 pixels and small_scale [0.05, 0.4].

    Args:
        source: see `Crops`.
        size: pixels of each side of the first two views.
        batch_size: pictures a batch, each in all its views.
        scale: see `Crops`.
        ratio: see `Crops`.
        flip: mirror half of the views left to right.
        jitter: strengths of brightness, contrast, saturation (0 or more) and hue (0 to 0.5).
        jitter_share: share of views whose colours are jittered.
        grey_share: share of views that become grey.
        blur_share: share of views that are blurred.
        blur_sigma: smallest and largest standard deviation of the blur in pixels, above 0.
        solarise_share: share of views that are solarised at 0.5.
        small_views: further views of another size.
        small_size: pixels of each side of a further view.
        small_scale: as `scale`, of a further view.
        **kwargs: see `Pipeline`.
    """

    def __init__(
        self,
        source: Any = "builtin:photos",
        size: int = 32,
        batch_size: int = 256,
        scale: tuple[float, float] = (0.2, 1.0),
        ratio: tuple[float, float] = (3 / 4, 4 / 3),
        flip: bool = True,
        jitter: tuple[float, float, float, float] = (0.4, 0.4, 0.4, 0.1),
        jitter_share: float | list[float] = 0.8,
        grey_share: float | list[float] = 0.2,
        blur_share: float | list[float] = 0.0,
        blur_sigma: tuple[float, float] = (0.1, 2.0),
        solarise_share: float | list[float] = 0.0,
        small_views: int = 0,
        small_size: int = 16,
        small_scale: tuple[float, float] = (0.05, 0.4),
        **kwargs,
    ):
        super().__init__(source, size, batch_size, scale, ratio, flip, **kwargs)
        if min(jitter) < 0 or jitter[3] > 0.5:
            raise ValueError(f"jitter={jitter} must be 0 or more, its last number 0.5 at most")
        if not 0 < blur_sigma[0] <= blur_sigma[1]:
            raise ValueError(f"blur_sigma={blur_sigma} must rise, above 0")
        if small_views < 0:
            raise ValueError(f"small_views={small_views} must be 0 or more")
        if small_size < 1:
            raise ValueError(f"small_size={small_size} must be 1 or more pixels")
        check_scale("small_scale", small_scale)
        self.jitter = tuple(jitter)
        self.blur_sigma = tuple(blur_sigma)
        count = 2 + small_views
        self.sizes = [size] * 2 + [small_size] * small_views
        self.scales = [self.scale] * 2 + [tuple(small_scale)] * small_views
        self.jitter_share = _a_view("jitter_share", jitter_share, count)
        self.grey_share = _a_view("grey_share", grey_share, count)
        self.blur_share = _a_view("blur_share", blur_share, count)
        self.solarise_share = _a_view("solarise_share", solarise_share, count)

    def example(self, index, key):
        image = self.item(index)
        height, width = tf.unstack(tf.shape(image)[:2])
        keys = tf.unstack(tf.random.experimental.stateless_split(key, len(self.sizes) + 1))
        crops = {}
        for view, size in enumerate(self.sizes):
            box = random_box(height, width, keys[view], self.scales[view], self.ratio)
            crops[f"images_{view + 1}"] = resized(image, box, size)
        draws = tf.random.stateless_uniform([len(self.sizes), sum(_DRAWS.values())], keys[-1])
        return {**crops, "draws": draws}

    def finished(self, batch):
        draws = tf.unstack(batch.pop("draws"), axis=1)
        return {
            name: self.augmented(images, draws[view], view)
            for view, (name, images) in enumerate(sorted(batch.items(), key=_number))
        }

    def augmented(self, images, draws, view):
        """Changes the crops of one view, for a subclass to add to.

        Args:
            images: float32 tensor (B, S, S, 3) in [0, 1].
            draws: float32 tensor (B, 14), uniform in [0, 1).
            view: number of the view, from 0.

        Returns:
            float32 tensor (B, S, S, 3) in [0, 1].
        """
        flip, colour, grey, blur, solarise = tf.split(draws, list(_DRAWS.values()), axis=1)
        if self.flip:
            images = random_mirror(images, flip[:, 0])
        if self.jitter_share[view]:
            images = jitter.random_jitter(images, colour, self.jitter, self.jitter_share[view])
        if self.grey_share[view]:
            images = random_grey(images, grey[:, 0], self.grey_share[view])
        if self.blur_share[view]:
            images = random_blur(images, blur, self.blur_share[view], self.blur_sigma)
        if self.solarise_share[view]:
            images = random_solarise(images, solarise[:, 0], self.solarise_share[view])
        return images


def _number(item):
    return int(item[0].rpartition("_")[2])


def _a_view(name, shares, count):
    """Returns one share a view, of one for all or a list whose last is for all further views."""
    listed = [shares] if isinstance(shares, int | float) else list(shares)
    if not listed or not all(0 <= share <= 1 for share in listed):
        raise ValueError(f"{name}={shares} must be a number, or a list of numbers, from 0 to 1")
    if len(listed) > count:
        raise ValueError(f"{name}={shares} has more numbers than there are views, {count}")
    return listed + listed[-1:] * (count - len(listed))
