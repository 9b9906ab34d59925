"""Which items of a source a pipeline can read, and what is kept of them between runs."""

import functools
import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmssl.pipelines.sources import Source
from mmssl.pipelines.sources.arrays import Flat
from mmssl.pipelines.sources.fingerprint import fingerprint
from mmssl.pipelines.sources.scan import check_skip_ratio, scan


@dataclass(eq=False)
class Readable:
    """The readable items of a source.

    Attributes:
        source: Source of these items.
        skipped: list of (name, reason), one per item that is left out.
        shapes: int64 array (N, rank), the shape of every decoded item.
        kept: Flat of the decoded items, or None.
        key: JSON values, all that the decoded items depend on, or None; see `prepared`.
    """

    source: Source
    skipped: list[tuple[str, str]]
    shapes: np.ndarray
    kept: Flat | None
    key: list | None


def readable(pipeline, source, stamps, known, keep_bytes, progress=None):
    """Finds the items that a pipeline can read, the same ones as when a run began.

    Args:
        pipeline: Pipeline that decodes them.
        source: Source.
        stamps: dict returned by `fingerprint` for the source.
        known: list of (name, reason) that the run left out when it began; None for a new run.
        keep_bytes: see `scan`.
        progress: see `scan`.

    Returns:
        Readable.

    Raises:
        ValueError: when too many items are unreadable, or one that was readable no longer is.
    """
    found = scan_for(pipeline, source, stamps, keep_bytes, progress)
    if known is not None:
        left_out, bad = dict(known), dict(found.skipped)
        if left_out.keys() - bad.keys():  # readable again, but the run began without them
            rest = [i for i, name in enumerate(source.names) if name not in left_out]
            source = source.select(rest)
            again = readable(pipeline, source, fingerprint(source), [], keep_bytes, progress)
            again.skipped = known
            return again
        if lost := [name for name in bad if name not in left_out]:
            raise ValueError(
                f"{lost[0]} was readable when this run started and no longer is "
                f"({bad[lost[0]]}): restore it, or start a new run folder"
            )
    check_skip_ratio(found.skipped, len(source), pipeline.skip_ratio)
    key = _decoding_key(pipeline, source, stamps)
    source = source.select(found.good) if found.skipped else source
    key = None if key is None else [key, source.fingerprint()]
    return Readable(source, found.skipped, found.shapes, found.kept, key)


def scan_for(pipeline, source, stamps, keep_bytes=0, progress=None):
    """Decodes every item of a source as a pipeline does, unless the cache tells; see `scan`.

    Args:
        pipeline: Pipeline.
        source: Source.
        stamps: dict returned by `fingerprint` for the source.
        keep_bytes: see `scan`.
        progress: see `scan`.

    Returns:
        Scan.
    """
    key = _decoding_key(pipeline, source, stamps)
    decode, measure = pipeline.decoder_for(source), pipeline.measurer_for(source)
    fits = functools.partial(pipeline.may_fit, source)
    return scan(source, decode, keep_bytes, progress, key, measure, fits)


def _decoding_key(pipeline, source, stamps):
    """Returns all that decoded items depend on, or None where nothing is to be kept of them."""
    kind = next(kind for kind in type(pipeline).mro() if "decode_arguments" in vars(kind))
    file = getattr(sys.modules[kind.__module__], "__file__", None)
    in_memory = source.root is None and not source.files and not isinstance(source.content, str)
    if kind.decode_arguments is None or file is None or in_memory:
        return None
    code = hashlib.sha256(Path(file).read_bytes()).hexdigest()
    arguments = {name: getattr(pipeline, name) for name in pipeline.decode_arguments}
    own = [kind.__module__, kind.__qualname__, code, arguments]
    order = source.fingerprint()  # the stamps are compared without theirs
    return [*own, str(source.root), source.sample_rate, stamps, order]
