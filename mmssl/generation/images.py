"""What a generator makes up, drawn beside what it was trained on, for the report."""

import numpy as np

from mmssl.generation.spectrogram import level, spectral_flatness, spectrogram_image
from mmssl.generation.wavenet_sampler import WaveNetSampler
from mmssl.layers import mu_law_decode
from mmssl.methods import WaveNet


def generated_images(method, data):
    """Draws what a method generates; so far, sound alone.

    Args:
        method: Pretrainer with the trained weights.
        data: mmssl.pipelines.pipeline.Pipeline over the items to show.

    Returns:
        list of (title, caption, uint8 (H, W, 3)); empty for methods that generate no sound.
    """
    return [_sound(method, data)] if isinstance(method, WaveNet) else []


def _sound(method, data):
    """Spectrograms of a second of both, or of one window where frames of it lead the model."""
    batch, sampler = next(iter(data.batches())), WaveNetSampler(method)
    given = {name: batch[name][:1] for name in sampler.conditioned_on}
    second = data.window if "log_mel" in given else data.sample_rate
    real = np.asarray(batch["waveform"]).reshape(-1)[:second]
    silence = [[method.levels // 2]]
    codes = sampler.generate(silence, len(real), conditions=sampler.conditions(**given))
    made = np.asarray(mu_law_decode(codes[0], method.levels))
    said = [f"{level(x):.1f} dB, flatness {spectral_flatness(x):.3f}" for x in (real, made)]
    caption = (
        f"{len(real) / data.sample_rate:.1f} s of recordings ({said[0]}), and as much sampled "
        f"from silence ({said[1]}). White noise has a flatness of about 0.56, a tone of 0."
    )
    return "Recorded and generated", caption, spectrogram_image([real, made])
