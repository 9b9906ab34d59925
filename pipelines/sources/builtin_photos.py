"""Patches of the two photographs that scikit-learn ships."""

import numpy as np
from sklearn.datasets import load_sample_images

_SIZE, _STEP = 96, 32


def make():
    """Cuts the photographs into overlapping patches.

    The rightmost quarter of each photograph is the test split; patches across the border are left
    out, so that no pixel is in both splits.

    Returns:
        (uint8 array (N, 96, 96, 3); dict of str arrays `name`, `label` (china or flower) and
        `split`; None, in place of a sample rate).
    """
    photos = load_sample_images()
    patches, names, labels, splits = [], [], [], []
    for path, photo in zip(photos.filenames, photos.images, strict=True):
        label = str(path).replace("\\", "/").rsplit("/", 1)[-1].split(".")[0]
        border = photo.shape[1] * 3 // 4
        for left, split in _columns(photo.shape[1], border):
            for top in range(0, photo.shape[0] - _SIZE + 1, _STEP):
                patches.append(photo[top : top + _SIZE, left : left + _SIZE])
                names.append(f"{label} at {left}, {top}")
                labels.append(label)
                splits.append(split)
    columns = {"name": names, "label": labels, "split": splits}
    return np.stack(patches), {name: np.array(column) for name, column in columns.items()}, None


def _columns(width, border):
    train = [(left, "train") for left in range(0, border - _SIZE + 1, _STEP)]
    return train + [(left, "test") for left in range(border, width - _SIZE + 1, _STEP)]
