"""Draws the pictures of views.md from `builtin:photos`: one row an augmentation.

python docs/draw_views.py docs/images/views.png
"""

import sys

import matplotlib.pyplot as plt
import tensorflow as tf

from mmssl.pipelines.views import Views

SIZE, PICTURES = 64, 6
WHOLE = {"scale": (1.0, 1.0), "ratio": (1.0, 1.0), "flip": False}
PLAIN = {"jitter_share": 0.0, "grey_share": 0.0}


def jitter(number):
    """Strengths with one of brightness, contrast, saturation and hue."""
    strengths = [0.0] * 4
    strengths[number] = 0.5 if number == 3 else 0.8
    return {"jitter": strengths, "jitter_share": 1.0}


ROWS = {
    "picture": WHOLE | PLAIN,
    "crop and flip": PLAIN | {"scale": (0.08, 1.0)},
    "brightness": WHOLE | PLAIN | jitter(0),
    "contrast": WHOLE | PLAIN | jitter(1),
    "saturation": WHOLE | PLAIN | jitter(2),
    "hue": WHOLE | PLAIN | jitter(3),
    "grey": WHOLE | PLAIN | {"grey_share": 1.0},
    "blur": WHOLE | PLAIN | {"blur_share": 1.0, "blur_sigma": (2.0, 2.0)},
    "solarise": WHOLE | PLAIN | {"solarise_share": 1.0},
    "SimCLR": {"scale": (0.08, 1.0), "jitter": (0.8, 0.8, 0.8, 0.2), "blur_share": 0.5},
}


def images(**changes):
    """Returns the first view of the same pictures, float32 (PICTURES, SIZE, SIZE, 3)."""
    batch = next(iter(Views("builtin:photos", SIZE, PICTURES, **changes).batches(seed=4)))
    return batch["images_1"]


figure, axes = plt.subplots(len(ROWS), 1, figsize=(4.4, 0.72 * len(ROWS)))
for axis, (name, changes) in zip(axes, ROWS.items(), strict=True):
    axis.imshow(tf.concat(tf.unstack(images(**changes)), axis=1), interpolation="nearest")
    axis.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=8)
    axis.set(xticks=[], yticks=[])
figure.tight_layout(pad=0.2)
figure.savefig(sys.argv[1], dpi=100)
