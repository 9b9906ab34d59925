"""Images of what was generated beside real examples, for the report."""

import numpy as np

from mmssl.generation.captioned import CaptionedDrawer
from mmssl.generation.code_map_sampler import CodeMapSampler
from mmssl.generation.pictures import PICTURE_SAMPLERS, picture_sampler
from mmssl.generation.samplers import SAMPLERS, audio_sampler
from mmssl.generation.spectrogram import level, spectral_flatness, spectrogram_image
from mmssl.methods import DALLE, PixelPrior
from mmssl.methods.bases.held_out_images import first_images

PICTURES = 8  # of each row


def generated_images(method, data):
    """Draws what a method generates: sound and pictures.

    Args:
        method: Pretrainer with the trained weights.
        data: mmssl.pipelines.pipeline.Pipeline over the items to show.

    Returns:
        list of (title, caption, uint8 (H, W, 3)); empty for methods that generate neither.
    """
    if isinstance(method, tuple(SAMPLERS)):
        return [_spectrograms(method, data)]
    if isinstance(method, tuple(PICTURE_SAMPLERS)):
        return _pictures(method, data)
    if isinstance(method, DALLE):
        return _captioned(method, data)
    if isinstance(method, PixelPrior) and data.decoder is not None:
        return _from_codes(CodeMapSampler(method, data), data)
    return []


def _captioned(method, data):
    """Pictures as their codes have them, and others that are drawn for the same captions."""
    if data.decoder is None:
        return []
    drawer, captions = CaptionedDrawer(method, data), data.captions_of(data.source)
    some = np.linspace(0, len(captions) - 1, PICTURES).astype(int)
    batch = next(iter(data.captioned_examples(data.source.select(some), PICTURES)))
    said = [captions[number] for number in some]
    both = np.concatenate([drawer.decoded(np.asarray(batch["codes"])), drawer.draw(said)])
    caption = (
        "Pictures as their codes have them, and below one drawn for the caption of each, seed 0: "
        f"{'; '.join(said)}."
    )
    return [("Drawn for captions", caption, _rows(both))]


def _pictures(method, data):
    """Pictures that are drawn, and lower halves that are completed."""
    sampler = picture_sampler(method)
    drawn = sampler.sample(2 * PICTURES)
    made = [("Drawn", "Pictures drawn from the model, seed 0.", _rows(drawn))]
    if hasattr(sampler, "complete"):
        seen = first_images(data, PICTURES)
        true = np.rint(255 * seen).astype("uint8")
        both = np.concatenate([true, sampler.complete(seen)])
        caption = "Pictures, and below the same with the lower half drawn, given the upper one."
        made.append(("Completed", caption, _rows(both)))
    return made


def _from_codes(sampler, data):
    """Pictures of codes that are drawn; of the lower of two levels, under the upper one's codes."""
    if sampler.levels == [sampler.level]:
        drawn = sampler.sample(2 * PICTURES)
        return [("Drawn", "Pictures of codes drawn from the model, seed 0.", _rows(drawn))]
    if sampler.levels != [sampler.above, sampler.level]:
        return []
    batch = next(data.examples(data.source, PICTURES).as_numpy_iterator())
    upper = batch["upper_codes"]
    levels = batch["codes"], sampler.codes(len(upper), upper=upper)
    both = [sampler.decoded({sampler.above: upper, sampler.level: codes}) for codes in levels]
    caption = (
        "Pictures as their codes tell them, and below the same with the codes of level "
        f"{sampler.level} drawn, given those of {sampler.above}."
    )
    return [("Drawn", caption, _rows(np.concatenate(both)))]


def _rows(pictures):
    """Joins uint8 (2 * N, H, W, 3) to two rows."""
    count, height, width, _ = pictures.shape
    grid = pictures.reshape(2, count // 2, height, width, 3).swapaxes(1, 2)
    return grid.reshape(2 * height, count // 2 * width, 3)


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
