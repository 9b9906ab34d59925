"""Draws the spectrograms of views.md from `builtin:speech`: one row an augmentation.

python docs/draw_sound_views.py docs/images/sound_views.png
"""

import io
import sys

import librosa
import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

from mmssl.pipelines.audio import AudioViews

RATE, WINDOW, CLIPS = 8000, 7000, 4
PLAIN = {
    "speed": 1.0,
    "frequency_mask_probability": 0.0,
    "time_mask_probability": 0.0,
    "noise_probability": 0.0,
    "gain_probability": 0.0,
}
ROWS = {
    "window": PLAIN,
    "speed": PLAIN | {"speed": 1.5},
    "mixing": PLAIN | {"mix_probability": 1.0, "mix_snr_db": (3.0, 3.0)},
    "frequency mask": PLAIN | {"frequency_mask_probability": 1.0, "frequency_mask": 0.4},
    "time mask": PLAIN | {"time_mask_probability": 1.0, "time_mask": 0.4},
    "noise": PLAIN | {"noise_probability": 1.0, "noise_snr_db": (10.0, 10.0)},
    "gain": PLAIN | {"gain_probability": 1.0, "gain_db": (-20.0, 6.0)},
    "all": {},
}


def first_views(changes):
    """Returns log-mel spectrograms of the first views of clips, side by side."""
    views = AudioViews("builtin:speech", RATE, WINDOW, CLIPS, short="join", **changes)
    waves = next(iter(views.batches(seed=1)))["waveform_1"].numpy()
    mel = librosa.feature.melspectrogram(
        y=waves, sr=RATE, n_fft=256, hop_length=64, n_mels=48, fmin=60
    )
    return np.concatenate(librosa.power_to_db(mel, ref=1.0, top_db=None), axis=1)


figure, axes = plt.subplots(len(ROWS), 1, figsize=(6.4, 0.72 * len(ROWS)))
for axis, (name, changes) in zip(axes, ROWS.items(), strict=True):
    axis.imshow(first_views(changes), origin="lower", aspect="auto", vmin=-60, vmax=20)
    axis.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=8)
    axis.set(xticks=[], yticks=[])
drawn = io.BytesIO()
figure.savefig(drawn, dpi=100, bbox_inches="tight", pad_inches=0.05)
Image.open(drawn).convert("RGB").quantize(128).save(sys.argv[1], optimize=True)
