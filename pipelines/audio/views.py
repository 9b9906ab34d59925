"""Two views of every audio clip, for joint embedding."""

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
from mmssl.pipelines.elements import uniforms

_DRAWS = {"speed": 1, "mix": 2, "frequency_mask": 3, "time_mask": 3, "noise": 2, "gain": 2}
_STEPS = tuple(_DRAWS)[1:]
_FIRST, _SECOND = 1, 2
_NOISE, _OTHER_CLIP, _OTHER_WINDOW = 3, 4, 5


class AudioViews(AudioWindows):
    """Two windows of one clip, with changes of speed and level, mixing, masks and noise.

    Batches hold waveform_1 and waveform_2, float32 (B, window), full scale 1, and padding_mask_1
    and padding_mask_2, int32 (B, window), 1 for audio and 0 for padding. Inputs of a trained
    encoder are those of `AudioWindows`.

    The augmentations are applied in this order: speed, mixing with another clip, frequency mask,
    time mask, white noise, gain.

    Args:
        source: see `AudioWindows`.
        sample_rate: see `AudioWindows`.
        window: samples per view; shorter clips than `speed` times as many are joined or padded.
        batch_size: clips per batch, each in two views.
        short: see `AudioWindows`; with "join", the two views of a short clip are joined with
            different clips.
        speed: largest speed factor, 1 or more; factors are between 1 / speed and speed, and 1
            changes nothing.
        mix_probability: probability that another clip is mixed in.
        mix_snr_db: lowest and highest ratio in dB of the power of a clip to that of the other.
        frequency_mask_probability: probability of a frequency mask.
        frequency_mask: widest band, as a fraction of the mel scale, 0 to 1.
        time_mask_probability: probability of a time mask.
        time_mask: longest span, as a fraction of the window, 0 to 1.
        noise_probability: probability of added white noise.
        noise_snr_db: lowest and highest signal-to-noise ratio in dB.
        gain_probability: probability of a change of level.
        gain_db: lowest and highest gain in dB.
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
        mix_snr_db: tuple[float, float] = (5.0, 20.0),
        frequency_mask_probability: float = 0.5,
        frequency_mask: float = 0.25,
        time_mask_probability: float = 0.5,
        time_mask: float = 0.25,
        noise_probability: float = 0.5,
        noise_snr_db: tuple[float, float] = (10.0, 40.0),
        gain_probability: float = 0.5,
        gain_db: tuple[float, float] = (-12.0, 6.0),
        **kwargs,
    ):
        if speed < 1:
            raise ValueError(f"speed={speed} must be 1 or more; 1 changes nothing")
        super().__init__(
            source, sample_rate, math.ceil(window * speed), batch_size, short, **kwargs
        )
        self.samples = window
        self.speed = speed
        self.mix_probability, self.mix_snr_db = mix_probability, tuple(mix_snr_db)
        self.frequency_mask_probability, self.frequency_mask = (
            frequency_mask_probability,
            frequency_mask,
        )
        self.time_mask_probability, self.time_mask = time_mask_probability, time_mask
        self.noise_probability, self.noise_snr_db = noise_probability, tuple(noise_snr_db)
        self.gain_probability, self.gain_db = gain_probability, tuple(gain_db)
        self._check()

    def _check(self):
        for name in (*(f"{step}_probability" for step in _STEPS), "frequency_mask", "time_mask"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name}={getattr(self, name)} must lie between 0 and 1")
        for name in ("mix_snr_db", "noise_snr_db", "gain_db"):
            low, high = getattr(self, name)
            if low > high:
                raise ValueError(f"{name}={[low, high]} must be in ascending order")

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
        audible = tf.cast(mask, tf.float32)
        for step in _STEPS:
            if p := getattr(self, f"{step}_probability"):
                wave = audible * getattr(self, f"_{step}")(wave, audible, draws[step], p, key)
        return wave, mask

    def _mix(self, wave, audible, draws, p, key):
        return random_noise(wave, audible * self._other(key), draws, self.mix_snr_db, p)

    def _frequency_mask(self, wave, audible, draws, p, key):
        return random_frequency_mask(wave, draws, self.sample_rate, self.frequency_mask, p)

    def _time_mask(self, wave, audible, draws, p, key):
        return random_time_mask(wave, draws, self.time_mask, p)

    def _noise(self, wave, audible, draws, p, key):
        noise_key = tf.random.experimental.stateless_fold_in(key, _NOISE)
        noise = tf.random.stateless_normal([self.samples], noise_key)
        return random_noise(wave, audible * noise, draws, self.noise_snr_db, p)

    def _gain(self, wave, audible, draws, p, key):
        return random_gain(wave, draws, self.gain_db, p)

    def _at_speed(self, window, draws):
        wave, mask = window["waveform"], window["padding_mask"]
        if self.speed == 1:
            return wave, mask
        wave, taken = random_speed(wave, draws, self.speed, self.samples)
        fraction = tf.reduce_mean(tf.cast(mask[:taken], tf.float32))
        length = tf.cast(tf.math.ceil(fraction * self.samples), tf.int32)
        return wave, tf.cast(tf.range(self.samples) < length, tf.int32)

    def _other(self, key):
        """Returns a window of a random clip, float32 (samples,)."""
        clip_key, window_key = (
            tf.random.experimental.stateless_fold_in(key, n) for n in (_OTHER_CLIP, _OTHER_WINDOW)
        )
        index = tf.random.stateless_uniform([], clip_key, maxval=self.count, dtype=tf.int64)
        return super().example(index, window_key)["waveform"][: self.samples]
