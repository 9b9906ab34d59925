"""Files, texts and arrays to try an export with, of the kinds that a stranger may send."""

from pathlib import Path

import numpy as np
import soundfile
from PIL import Image

from mmssl.pipelines.audio.windows import AudioWindows
from mmssl.pipelines.images.crops import ImageCrops

TEXTS = ["A first sentence.", "Naïve café: 1,234 things -- don't you think?", "x"]
_SECONDS = 0.4
# Name, channels, sample rate as a multiple of the model's, and how samples are stored.
_SOUNDS = (
    ("plain.wav", 1, 1, "PCM_16"),
    ("floats.wav", 1, 1, "FLOAT"),
    ("stereo.wav", 2, 3, "PCM_24"),
)
_PICTURES = (
    ("landscape.jpg", (48, 32), "RGB"),
    ("transparent.png", (40, 56), "RGBA"),
    ("gray.png", (9, 9), "L"),
    ("small.bmp", (5, 7), "RGB"),
    ("still.gif", (30, 20), "L"),
    ("still.webp", (33, 21), "RGB"),
)


def samples(pipeline, folder):
    """Writes files of the kinds that a pipeline's raw inputs can be; of texts, there are none.

    Args:
        pipeline: Pipeline of sounds, pictures or texts.
        folder: where the files are written.

    Returns:
        Pair of list of bytes or str, to be sent; and of what the pipeline reads them from, in the
        same order.
    """
    folder = Path(folder)
    if isinstance(pipeline, AudioWindows):
        _write_sounds(folder, pipeline.sample_rate)
    elif isinstance(pipeline, ImageCrops):
        _write_pictures(folder)
    else:
        return TEXTS, TEXTS
    return [path.read_bytes() for path in sorted(folder.iterdir())], str(folder)


def arrays(pipeline):
    """Makes arrays of the kinds that `plain_inputs` takes, without their axis of one example.

    Args:
        pipeline: Pipeline of sounds or pictures.

    Returns:
        List of int16 arrays (T,) at the pipeline's sample rate, or of uint8 arrays (H, W, 3).
    """
    if isinstance(pipeline, AudioWindows):
        draw = np.random.default_rng(0)
        wave = _sound(draw, 1, pipeline.sample_rate)[:, 0]
        samples = np.round(2**15 * wave).astype(np.int16)
        return [samples, samples[: len(samples) // 3], samples[:1]]
    return [_pixels(width, height, 3) for _, (width, height), _ in _PICTURES]


def _write_sounds(folder, sample_rate):
    draw = np.random.default_rng(0)
    for name, channels, times, subtype in _SOUNDS:
        wave = _sound(draw, channels, times * sample_rate)
        soundfile.write(folder / name, wave, times * sample_rate, subtype=subtype)
    soundfile.write(folder / "shortest.wav", [0.3], sample_rate, subtype="PCM_U8")


def _sound(draw, channels, rate):
    seconds = np.arange(int(_SECONDS * rate))[:, np.newaxis] / rate
    tone = 0.4 * np.sin(2 * np.pi * 330 * seconds * np.arange(1, channels + 1))
    return tone + 0.02 * draw.normal(size=tone.shape)


def _write_pictures(folder):
    for name, (width, height), mode in _PICTURES:
        image = Image.fromarray(_pixels(width, height, len(mode)).squeeze())
        image.save(folder / name)


def _pixels(width, height, channels):
    rows, columns, channel = np.mgrid[0:height, 0:width, 0:channels]
    return ((5 * rows + 3 * columns + 60 * channel) % 256).astype(np.uint8)
