"""Draws the spectrograms of jukebox.md: clips, what codes keep of them, and how they go on.

python docs/draw_jukebox.py RUN_OF_LEVELS PRIOR UPSAMPLER CLIPS docs/images/jukebox.png
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile
from PIL import Image

from mmssl.generation import generate_coded_audio
from mmssl.generation.spectrogram import spectrogram_image
from mmssl.runs import Run

COUNT, SECONDS, PROMPT = 3, 0.8, 2400  # clips, how long they go on, and after how many samples

levels, prior, upsampler, clips, out = sys.argv[1:]
runs, method = [Run.load(folder) for folder in (levels, prior, upsampler)], None
paths = sorted(Path(clips).glob("*.wav"))
paths = paths[:: len(paths) // COUNT][:COUNT]
waves = [soundfile.read(path, dtype="float32")[0] for path in paths]
waves = [wave[: len(wave) // 32 * 32] for wave in waves]
method, rate = runs[0].method(), runs[0].data.sample_rate
rows = [waves, [], [], []]
for wave in waves:
    batch = {"waveform": wave[None], "padding_mask": np.ones((1, len(wave)), "int32")}
    found = method(batch)["decoded"]
    rows[1].append(np.asarray(found["bottom"])[0])
    rows[2].append(np.asarray(found["top"])[0])
    with tempfile.TemporaryDirectory() as folder:
        prompt, made = f"{folder}/x.wav", f"{folder}/y.wav"
        soundfile.write(prompt, wave[:PROMPT], rate)
        options = {"prompt": prompt, "seconds": SECONDS, "lower": [runs[2]]}
        generate_coded_audio(runs[1], made, **options)
        rows[3].append(soundfile.read(made, dtype="float32")[0])
longest = max(len(wave) for row in rows for wave in row)
rows = [[np.pad(wave, (0, longest - len(wave))) for wave in row] for row in rows]
Image.fromarray(np.concatenate([spectrogram_image(row) for row in rows])).save(out)
