"""Reconstructing a source: what a tokenizer makes of the codes that it made itself."""

from pathlib import Path

import numpy as np
import soundfile
from PIL import Image

from mmssl.apply.images import check_folder, png_path, save_png
from mmssl.files import atomic_write
from mmssl.methods.bases.held_out_images import sheet
from mmssl.methods.bases.reconstructed import as_pictures
from mmssl.runs.coders import open_coders, padded

COLUMNS, PAGE = 8, 32  # pictures side by side, and on a page


def reconstruct(run, files, out, count=None, progress=None):
    """Writes what is left of items once they have been codes.

    Args:
        run: Run of a tokenizer.
        files: list of files, folders or globs.
        out: a `.png` for one page, rows of pictures above rows of their reconstructions; or a
            folder for a file an item: `a/b.jpg` becomes `a/b.png`, a recording `a/b.wav` in it.
        count: number of items, the first ones; None for 32 on a page, for all in a folder.
        progress: None or function (items done, total items).

    Yields:
        pathlib.Path of each file written.

    Raises:
        ValueError: the run is none of a tokenizer, there is nothing to read, `count` is below 1, or
            sound is to be shown on a page.
    """
    coders = open_coders(run.folder)
    rate, is_page = coders[0].spec.sample_rate, Path(out).suffix.lower() == ".png"
    if count is not None and count < 1:
        raise ValueError(f"count must be 1 or more; got {count}.")
    if is_page and rate is not None:
        raise ValueError(f"{run.folder} decodes sound, a file an item: give a folder, not {out}.")
    if not is_page:
        check_folder(out)
    source = run.data.open(tuple(files) if len(files) > 1 else files[0])
    source = source.first(count or (PAGE if is_page else None))
    pairs = _pairs(run.data.examples(source), coders, len(source), progress)
    if is_page:
        yield _page(Path(out), list(pairs))
        return
    for name, (_, found) in zip(source.names, pairs, strict=True):
        path = png_path(out, name, ".png" if rate is None else ".wav")
        yield save_png(path, found) if rate is None else _save_wave(path, found, rate)


def _pairs(batches, coders, total, progress):
    """Yields each item and its reconstruction: pictures (H, W, 3), or sound (T,)."""
    encode, decode = coders
    done, hop = 0, encode.spec.hop
    for batch in batches:
        arrays = {name: np.asarray(x) for name, x in batch.items()}
        outputs = decode(encode(padded(arrays, hop)))["outputs"]
        if encode.spec.sample_rate is None:
            yield from zip(as_pictures(arrays["images"]), as_pictures(outputs), strict=True)
        else:
            sizes = arrays["padding_mask"].sum(axis=1)
            for true, found, size in zip(arrays["waveform"], outputs, sizes, strict=True):
                yield true[:size], found.reshape(-1)[:size]
        done += len(outputs)
        if progress is not None:
            progress(done, total)


def _page(path, pairs):
    """Writes rows of pictures, each above a row of their reconstructions."""
    missing = -len(pairs) % min(COLUMNS, len(pairs))
    pairs = [*pairs, *[(np.ones_like(pairs[0][0]),) * 2] * missing]
    rows = []
    for first in range(0, len(pairs), COLUMNS):
        rows += zip(*pairs[first : first + COLUMNS], strict=True)
    with atomic_write(path) as beside:
        Image.fromarray(sheet([np.stack(row) for row in rows])).save(beside, format="png")
    return path


def _save_wave(path, wave, rate):
    with atomic_write(path) as beside:
        soundfile.write(beside, np.clip(wave, -1, 1), rate, "PCM_16")
    return path
