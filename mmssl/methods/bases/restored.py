"""What restored pictures are measured beside, and how they are shown."""

import numpy as np
from keras import ops
from scipy.ndimage import median_filter

from mmssl.layers.sampling import enlarge
from mmssl.methods.bases.held_out_images import sheet
from mmssl.methods.bases.picture_quality import luma_psnr, luma_ssim
from mmssl.methods.bases.reconstructed import NEIGHBORHOODS


def restored_examples(method, data, task, count):
    """Restores the middles of pictures that lie evenly over a source.

    Args:
        method: mmssl.methods.IPT.
        data: mmssl.pipelines.images.DegradedCrops.
        task: one of its tasks.
        count: int, pictures at most.

    Returns:
        Three float32 arrays: the degraded pictures, the restored and the clean ones.
    """
    places = np.linspace(0, len(data.source) - 1, min(count, len(data.source))).astype(int)
    side = method.size * max(method.scales)
    examples = data.degraded_examples(data.source.select(places), task, side)
    batches = list(examples.as_numpy_iterator())
    seen, clean = (np.concatenate([b[name] for b in batches]) for name in ("images", "target"))
    return seen, np.concatenate(list(method.restore(seen, task)), axis=1), clean


def measured_restoration(seen, restored, clean):
    """Measures restored pictures by PSNR and SSIM of their luma, and what needs no network beside.

    Args:
        seen: float32 array (N, H, W, 3) in [0, 1], degraded pictures.
        restored: float32 array (N, s * H, s * W, 3).
        clean: float32 array of the same shape, in [0, 1].

    Returns:
        dict of `psnr` in dB and `ssim`; of enlarged pictures also `bicubic_psnr`, `bicubic_ssim`,
        those of bicubic interpolation, all without the s pixels at each border; of others those of
        the pictures as they are seen, `degraded_...`, and of a median filter, `median_...`, the
        better one of 3x3 and 5x5 pixels.
    """
    scale = clean.shape[1] // seen.shape[1]
    border = scale if scale > 1 else 0
    figures = {}
    for name, found in {"": restored, **without_network(seen, clean)}.items():
        figures[f"{name}psnr"] = luma_psnr(found, clean, border)
        figures[f"{name}ssim"] = luma_ssim(found, clean, border)
    return figures


def without_network(seen, clean):
    """Restores pictures in the ways that are compared with.

    Args:
        seen: see `measured_restoration`, and `clean`.

    Returns:
        dict from `"bicubic_"`, or `"degraded_"` and `"median_"`, to float32 arrays of the shape of
        `clean`.
    """
    scale = clean.shape[1] // seen.shape[1]
    if scale > 1:
        return {"bicubic_": np.clip(ops.convert_to_numpy(enlarge(seen, scale)), 0, 1)}
    filtered = [median_filter(seen, size=(1, side, side, 1)) for side in NEIGHBORHOODS]
    best = max(filtered, key=lambda found: luma_psnr(found, clean))
    return {"degraded_": seen, "median_": best}


def restoration_sheet(seen, restored, clean):
    """Draws rows of degraded, filtered or interpolated, restored and clean pictures.

    Args:
        seen: see `measured_restoration`, as for the other two.

    Returns:
        Pair of the caption and the picture, uint8 (H, W, 3).
    """
    scale = clean.shape[1] // seen.shape[1]
    *_, (name, other) = without_network(seen, clean).items()
    large = seen.repeat(scale, axis=1).repeat(scale, axis=2)
    rows = [np.clip(row, 0, 1) for row in (large, other, restored, clean)]
    how = "enlarged by bicubic interpolation" if name == "bicubic_" else "after a median filter"
    return f"Rows: degraded pictures, the same {how}, restored, the clean ones.", sheet(rows)
