"""Draws the pictures of views.md from `builtin:photos`: one row an augmentation.

python docs/draw_views.py docs/images/views.png
"""

import io
import sys

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

from mmssl.pipelines.images import ImageViews
from mmssl.pipelines.sources.builtin_photos import make

SIZE, PICTURES = 64, 6
WHOLE = {"scale": (1.0, 1.0), "ratio": (1.0, 1.0), "flip": False}
PLAIN = {"jitter_probability": 0.0, "gray_probability": 0.0}


def jitter(number):
    """Strengths with one of brightness, contrast, saturation and hue."""
    strengths = [0.0] * 4
    strengths[number] = 0.5 if number == 3 else 0.8
    return {"jitter": strengths, "jitter_probability": 1.0}


ROWS = {
    "picture": WHOLE | PLAIN,
    "crop and flip": PLAIN | {"scale": (0.08, 1.0)},
    "brightness": WHOLE | PLAIN | jitter(0),
    "contrast": WHOLE | PLAIN | jitter(1),
    "saturation": WHOLE | PLAIN | jitter(2),
    "hue": WHOLE | PLAIN | jitter(3),
    "gray": WHOLE | PLAIN | {"gray_probability": 1.0},
    "blur": WHOLE | PLAIN | {"blur_probability": 1.0, "blur_sigma": (2.0, 2.0)},
    "solarize": WHOLE | PLAIN | {"solarize_probability": 1.0},
    "SimCLR": {"scale": (0.08, 1.0), "jitter": (0.8, 0.8, 0.8, 0.2), "blur_probability": 0.5},
}


def photos():
    """Returns patches with much to see, uint8 (PICTURES, 96, 96, 3)."""
    patches = make()[0]
    contrast = patches.std(axis=(1, 2)).mean(axis=1)
    return patches[np.argsort(contrast)[-1 : -7 * PICTURES : -7]]


def first_views(pictures, changes):
    """Returns the first view of the same pictures in the same order, side by side."""
    batch = next(iter(ImageViews(pictures, SIZE, PICTURES, **changes).batches(seed=4)))
    return np.concatenate(batch["images_1"].numpy(), axis=1)


pictures = photos()
figure, axes = plt.subplots(len(ROWS), 1, figsize=(4.8, 0.66 * len(ROWS)))
for axis, (name, changes) in zip(axes, ROWS.items(), strict=True):
    axis.imshow(first_views(pictures, changes), interpolation="nearest")
    axis.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=8)
    axis.set(xticks=[], yticks=[])
drawn = io.BytesIO()
figure.savefig(drawn, dpi=100, bbox_inches="tight", pad_inches=0.05)
Image.open(drawn).convert("RGB").quantize(128).save(sys.argv[1], optimize=True)
