"""Opening of sources: without their unreadable items, and for a run, the same as when it began."""

from dataclasses import dataclass, replace

from mmssl.pipelines.readable import Readable, readable, scan_for
from mmssl.pipelines.sources.fingerprint import (
    check_unchanged,
    fingerprint,
    read_fingerprint,
    write_fingerprint,
)
from mmssl.pipelines.sources.scan import check_skip_ratio, read_skipped, write_skipped


@dataclass(eq=False)
class Opened:
    """What a pipeline is to train on, and what its run folder does not know of it yet.

    Attributes:
        readable: Readable.
        stamps: dict returned by `fingerprint`; None where the folder has it.
        left_out: list of (name, reason) of all items that are left out; None where the folder has
            it.
    """

    readable: Readable
    stamps: dict | None
    left_out: list[tuple[str, str]] | None

    def record(self, folder):
        """Writes what a run folder does not know yet; None for no folder."""
        if folder is not None and self.stamps is not None:
            write_fingerprint(folder, self.stamps)
        if folder is not None and self.left_out is not None:
            write_skipped(folder, self.left_out)


def open_for_run(pipeline, folder, progress, data_changed):
    """Opens the readable items that a pipeline is to train on: see `Pipeline.prepare`.

    Returns:
        Opened.
    """
    if pipeline.validation is not None:
        pipeline.open(pipeline.validation)  # an unreadable one must fail before training starts
    part = pipeline.open_to_train()
    stamps, known, before = fingerprint(part), read_skipped(folder), read_fingerprint(folder)
    now = stamps | pipeline.stamps_beside(part)
    if data_changed == "accept":
        known = before = None
    if known is not None:
        there = {name for name, _ in known}.intersection(part.names)
        known = [(name, reason) for name, reason in known if name in there]
    check_unchanged(folder, before, now)
    keep = pipeline.cache_bytes if pipeline.cache and pipeline.worth_caching(part) else 0
    found = readable(pipeline, part, stamps, known, keep, progress)
    return Opened(
        found,
        now if before is None else None,
        found.source.left_out + found.skipped if known is None else None,
    )


def open_to_train(pipeline):
    """Opens the items of a pipeline's split, up to its limit: see `Pipeline.open_to_train`."""
    columns = (pipeline.labels, pipeline.label_column, pipeline.split_column)
    source = pipeline.open_all(pipeline.source, *columns)
    return in_split(source, pipeline.split).first(pipeline.limit)


def open_readable(reader, spec, *columns):
    """Opens a source without its unreadable items: see `Reader.open`."""
    source = reader.open_all(spec, *columns)
    found = scan_for(reader, source, fingerprint(source))
    check_skip_ratio(found.skipped, len(source), reader.skip_ratio)
    if not found.skipped:
        return source
    return replace(source.select(found.good), request=source.request)


def in_split(source, split):
    """Selects the items of a split.

    Args:
        source: Source.
        split: its name; None, or a source without splits, keeps all.

    Raises:
        ValueError: no item is in it.
    """
    if source.splits is None or split is None:
        return source
    chosen = source.splits == split
    if not chosen.any():
        there = ", ".join(sorted(set(source.splits.tolist())))
        raise ValueError(
            f"no item is in the split {split!r}; the splits are {there}: set split to one of them, "
            "or to null for all"
        )
    return source.select(chosen)
