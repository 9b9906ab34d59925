"""Two clips of every video, for joint embedding."""

from typing import Any

import tensorflow as tf

from mmssl.pipelines.images import augmentation
from mmssl.pipelines.images.augmentation import check_jitter
from mmssl.pipelines.images.resampling import to_columns, to_images
from mmssl.pipelines.images.views import per_view
from mmssl.pipelines.video.clips import VideoClips


class ClipPairs(VideoClips):
    """Two clips of a video, near each other more often than far, each augmented as a whole.

    The first frames of the two lie d apart, which is drawn with a density that falls linearly from
    d = 0 to the largest distance T that the video allows, so that P(distance <= d) =
    2 d / T - (d / T)^2; where the pair lies is uniform, and so is which of the two comes first. Of
    a video that is too short for a clip, both begin anywhere.

    Crop, flip, color jitter, blur and the rest are drawn once a clip and alike for all its frames:
    what rests in the video rests in the clip. The contrast is changed about the mean of the clip.

    Batches hold frames_1 and frames_2, float32 (B, frames, size, size, 3) in [0, 1]. Inputs of a
    trained encoder are those of `VideoClips`. A probability is one number for both clips, or a
    list of two.

    Args:
        source: see `VideoClips`.
        size: see `VideoClips`.
        frames: see `VideoClips`.
        stride: see `VideoClips`.
        batch_size: videos per batch, each with both clips.
        jitter: strengths of brightness, contrast, saturation (0 or more) and hue (0 to 0.5).
        jitter_probability: probability that the colors of a clip are jittered.
        gray_probability: probability that a clip is converted to grayscale.
        blur_probability: probability that a clip is blurred.
        blur_sigma: smallest and largest standard deviation of the blur in pixels, above 0.
        solarize_probability: probability that a clip is solarized, with threshold 0.5.
        **kwargs: see `VideoClips`.

    Reference:
        Qian et al. 2020, arXiv 2008.03800.
    """

    def __init__(
        self,
        source: Any = "builtin:motion",
        size: int = 32,
        frames: int = 8,
        stride: int = 2,
        batch_size: int = 32,
        jitter: tuple[float, float, float, float] = (0.8, 0.8, 0.8, 0.2),
        jitter_probability: float | list[float] = 0.8,
        gray_probability: float | list[float] = 0.2,
        blur_probability: float | list[float] = 0.0,
        blur_sigma: tuple[float, float] = (0.1, 2.0),
        solarize_probability: float | list[float] = 0.0,
        **kwargs,
    ):
        super().__init__(source, size, frames, stride, batch_size, **kwargs)
        check_jitter(jitter)
        if not 0 < blur_sigma[0] <= blur_sigma[1]:
            raise ValueError(f"blur_sigma={blur_sigma} must be above 0 and in ascending order")
        self.jitter = tuple(jitter)
        self.blur_sigma = tuple(blur_sigma)
        self.jitter_probability = per_view("jitter_probability", jitter_probability, 2)
        self.gray_probability = per_view("gray_probability", gray_probability, 2)
        self.blur_probability = per_view("blur_probability", blur_probability, 2)
        self.solarize_probability = per_view("solarize_probability", solarize_probability, 2)

    def example(self, index, key):
        place_key, *clip_keys = tf.unstack(tf.random.experimental.stateless_split(key, 3))
        length = tf.gather(self._lengths, index)
        starts = self.starts(length, place_key)
        numbers = tf.concat([self.clip_from(start, length) for start in starts], axis=0)
        both = tf.split(self.chosen(index, numbers), 2)
        return {
            f"frames_{view + 1}": self.augmented(clip, clip_key, view)
            for view, (clip, clip_key) in enumerate(zip(both, clip_keys, strict=True))
        }

    def starts(self, length, key):
        """Draws the first frames of the two clips of a video.

        Args:
            length: int64 scalar, number of frames of the video.
            key: int64 (2,), the seed.

        Returns:
            list of two int64 scalars.
        """
        room, draws = self.room(length), tf.random.stateless_uniform([3], key)
        whole = tf.cast(room, tf.float32)
        apart = tf.floor(whole * distance(draws[0]))
        first = tf.floor((whole - apart) * draws[1])
        pair = tf.stack([first, first + apart])
        pair = tf.where(draws[2] < 0.5, pair, pair[::-1])
        fits = length > (self.frames - 1) * self.stride
        anywhere = tf.floor(whole * draws[:2])
        return tf.unstack(tf.cast(tf.where(fits, pair, anywhere), tf.int64))

    def augmented(self, clip, key, view):
        """Makes one of the two clips, with the same random numbers for all of its frames.

        Args:
            clip: uint8 tensor (frames, H, W, 3).
            key: int64 (2,), the seed.
            view: int, 0 or 1.

        Returns:
            float32 tensor (frames, size, size, 3) in [0, 1].
        """
        crop_key, key = tf.unstack(tf.random.experimental.stateless_split(key, 2))
        draws = tf.random.stateless_uniform([1, augmentation.JITTER_DRAWS + 4], key)
        jitter, gray, blur, solarize = tf.split(draws, [augmentation.JITTER_DRAWS, 1, 2, 1], axis=1)
        columns = to_columns(self.cropped(clip, crop_key))
        # As one wide image: a mean over its pixels is that of the clip.
        wide = tf.reshape(columns, [1, self.frames * self.size, 3, self.size])
        if self.jitter_probability[view]:
            strengths = self.jitter, self.jitter_probability[view]
            wide = augmentation.random_color_jitter(wide, jitter, *strengths)
        wide = augmentation.random_grayscale(wide, gray[:, 0], self.gray_probability[view])
        columns = tf.reshape(wide, columns.shape)
        if self.blur_probability[view]:
            blur = tf.repeat(blur, self.frames, axis=0)
            probability, sigma = self.blur_probability[view], self.blur_sigma
            columns = augmentation.random_blur(columns, blur, probability, sigma)
        solarize = tf.repeat(solarize[:, 0], self.frames)
        probability = self.solarize_probability[view]
        return to_images(augmentation.random_solarize(columns, solarize, probability))


def distance(draws):
    """Turns uniform numbers into distances whose density falls linearly to zero.

    The inverse of F(d) = 2 d - d^2.

    Args:
        draws: float32 tensor, in [0, 1).

    Returns:
        float32 tensor of the same shape, in [0, 1), as fractions of the largest distance.
    """
    return 1.0 - tf.sqrt(1.0 - draws)
