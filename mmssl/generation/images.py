"""Images of generated beside real examples, for the report."""

import numpy as np

from mmssl.generation.samplers import SAMPLERS, audio_sampler
from mmssl.generation.spectrogram import level, spectral_flatness, spectrogram_image


def generated_images(method, data):
    """Draws what a method generates; currently audio only.

    Args:
        method: Pretrainer with the trained weights.
        data: mmssl.pipelines.pipeline.Pipeline over the items to show.

    Returns:
        list of (title, caption, uint8 (H, W, 3)); empty for methods that do not generate audio.
    """
    return [_spectrograms(method, data)] if isinstance(method, tuple(SAMPLERS)) else []


def _spectrograms(method, data):
    """Spectrograms of a second of both, or of one window if the model is conditioned on frames."""
    batch, sampler = next(iter(data.batches())), audio_sampler(method)
    given = {name: batch[name][:1] for name in sampler.conditioned_on}
    second = data.window if "log_mel" in given else data.sample_rate
    real = np.asarray(batch["waveform"]).reshape(-1)[:second]
    silence = sampler.context(sampler.encode(real[:0]))[None]
    codes = sampler.generate(silence, len(real), conditions=sampler.conditions(**given))
    made = sampler.decode(codes[0])
    said = [f"{level(x):.1f} dB, flatness {spectral_flatness(x):.3f}" for x in (real, made)]
    caption = (
        f"{len(real) / data.sample_rate:.1f} s of recordings ({said[0]}), and as much sampled "
        f"from silence ({said[1]}). White noise has a flatness of about 0.56, a tone of 0."
    )
    return "Recorded and generated", caption, spectrogram_image([real, made])
