"""Two views of every clip of sound, for joint embedding."""

import math
from typing import Any, Literal

import tensorflow as tf

from mmssl.pipelines.audio.augmentation import (
    random_frequency_mask,
    random_gain,
    random_noise,
    random_speed,
    random_time_mask,
)
from mmssl.pipelines.audio.windows import AudioWindows
from mmssl.pipelines.draws import uniforms

_DRAWS = {"speed": 1, "mix": 2, "frequency_mask": 3, "time_mask": 3, "noise": 2, "gain": 2}
_STEPS = tuple(_DRAWS)[1:]
_FIRST, _SECOND = 1, 2
_NOISE, _OTHER_CLIP, _OTHER_WINDOW = 3, 4, 5


class AudioViews(AudioWindows):
    """Two windows of one clip, each at another speed, with gaps, over noise, and at another level.

    Batches hold waveform_1 and waveform_2, float32 (B, window), full scale 1, and padding_mask_1
    and padding_mask_2, int32 (B, window), 1 for sound and 0 for padding. Inputs of a trained
    encoder are those of `AudioWindows`.

    The changes come in this order: speed, another clip under it, a frequency mask, a time mask,
    white noise, gain. A share is the probability that a view is changed.

    Args:
        source: see `AudioWindows`.
        sample_rate: see `AudioWindows`.
        window: samples of a view; a clip must have `speed` times as many, or be padded.
        batch_size: clips a batch, each in two views.
        short: see `AudioWindows`; with "join" what is joined to a short clip differs between its
            views.
        speed: how many times as fast at most, and as slow, 1 or more; 1 changes nothing.
        mix_probability: share of views that another clip is mixed under.
        mix_decibels: lowest and highest ratio of a clip's power to the other's.
        frequency_mask_probability: share of views without a band of frequencies.
        frequency_mask: widest band, as a share of the mel scale, 0 to 1.
        time_mask_probability: share of views with a gap.
        time_mask: longest gap, as a share of the window, 0 to 1.
        noise_probability: share of views with white noise.
        noise_decibels: lowest and highest ratio of a clip's power to the noise's.
        gain_probability: share of views at another level.
        gain_decibels: lowest and highest gain.
        **kwargs: see `Pipeline`.
    """

    def __init__(
        self,
        source: Any = "builtin:speech",
        sample_rate: int = 8000,
        window: int = 8000,
        batch_size: int = 64,
        short: Literal["join", "pad"] = "pad",
        speed: float = 1.1,
        mix_probability: float = 0.0,
        mix_decibels: tuple[float, float] = (5.0, 20.0),
        frequency_mask_probability: float = 0.5,
        frequency_mask: float = 0.25,
        time_mask_probability: float = 0.5,
        time_mask: float = 0.25,
        noise_probability: float = 0.5,
        noise_decibels: tuple[float, float] = (10.0, 40.0),
        gain_probability: float = 0.5,
        gain_decibels: tuple[float, float] = (-12.0, 6.0),
        **kwargs,
    ):
        if speed < 1:
            raise ValueError(f"speed={speed} must be 1 or more; 1 changes nothing")
        super().__init__(
            source, sample_rate, math.ceil(window * speed), batch_size, short, **kwargs
        )
        self.samples = window
        self.speed = speed
        self.mix_probability, self.mix_decibels = mix_probability, tuple(mix_decibels)
        self.frequency_mask_probability, self.frequency_mask = (
            frequency_mask_probability,
            frequency_mask,
        )
        self.time_mask_probability, self.time_mask = time_mask_probability, time_mask
        self.noise_probability, self.noise_decibels = noise_probability, tuple(noise_decibels)
        self.gain_probability, self.gain_decibels = gain_probability, tuple(gain_decibels)
        self._check()

    def _check(self):
        for name in (*(f"{step}_probability" for step in _STEPS), "frequency_mask", "time_mask"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name}={getattr(self, name)} must lie between 0 and 1")
        for name in ("mix_decibels", "noise_decibels", "gain_decibels"):
            low, high = getattr(self, name)
            if low > high:
                raise ValueError(f"{name}={[low, high]} must rise")

    def example(self, index, key):
        count = sum(_DRAWS.values())
        views = tf.split(uniforms(key[0], key[1], 1, 2 * count)[0], 2)
        example = {}
        for number, draws in zip((_FIRST, _SECOND), views, strict=True):
            view_key = tf.random.experimental.stateless_fold_in(key, number)
            parts = dict(zip(_DRAWS, tf.split(draws, list(_DRAWS.values())), strict=True))
            wave, mask = self._view(index, view_key, parts)
            example |= {f"waveform_{number}": wave, f"padding_mask_{number}": mask}
        return example

    def _view(self, index, key, draws):
        wave, mask = self._at_speed(super().example(index, key), draws["speed"])
        sound = tf.cast(mask, tf.float32)
        for step in _STEPS:
            if share := getattr(self, f"{step}_probability"):
                wave = sound * getattr(self, f"_{step}")(wave, sound, draws[step], share, key)
        return wave, mask

    def _mix(self, wave, sound, draws, share, key):
        return random_noise(wave, sound * self._other(key), draws, self.mix_decibels, share)

    def _frequency_mask(self, wave, sound, draws, share, key):
        return random_frequency_mask(wave, draws, self.sample_rate, self.frequency_mask, share)

    def _time_mask(self, wave, sound, draws, share, key):
        return random_time_mask(wave, draws, self.time_mask, share)

    def _noise(self, wave, sound, draws, share, key):
        noise_key = tf.random.experimental.stateless_fold_in(key, _NOISE)
        noise = tf.random.stateless_normal([self.samples], noise_key)
        return random_noise(wave, sound * noise, draws, self.noise_decibels, share)

    def _gain(self, wave, sound, draws, share, key):
        return random_gain(wave, draws, self.gain_decibels, share)

    def _at_speed(self, window, draws):
        wave, mask = window["waveform"], window["padding_mask"]
        if self.speed == 1:
            return wave, mask
        wave, taken = random_speed(wave, draws, self.speed, self.samples)
        share = tf.reduce_mean(tf.cast(mask[:taken], tf.float32))
        sound = tf.cast(tf.math.ceil(share * self.samples), tf.int32)
        return wave, tf.cast(tf.range(self.samples) < sound, tf.int32)

    def _other(self, key):
        """Returns a window of any clip, float32 (samples,)."""
        clip_key, window_key = (
            tf.random.experimental.stateless_fold_in(key, n) for n in (_OTHER_CLIP, _OTHER_WINDOW)
        )
        index = tf.random.stateless_uniform([], clip_key, maxval=self.count, dtype=tf.int64)
        return super().example(index, window_key)["waveform"][: self.samples]
