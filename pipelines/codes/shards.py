"""Codes as prepared shards: written once by a tokenizer, and read like any other."""

import math

import numpy as np

from mmssl.pipelines.codes.spec import CodeSpec
from mmssl.pipelines.sources import Source, places
from mmssl.pipelines.sources.arrays import array_reader
from mmssl.pipelines.sources.parts import read_note, write_note, write_part
from mmssl.pipelines.sources.shard_index import is_prepared, merge, read_manifest
from mmssl.pipelines.sources.shard_plan import UNFINISHED, begin, check_plan, source_plan
from mmssl.pipelines.sources.shards import about, check_shards, shard_names, shares

ITEMS = 4096  # of a shard, about
_OTHERS = "codes of other data or of another tokenizer"


def write_codes(folder, source, encode, spec, left_out=(), progress=None):
    """Writes the codes of all items of a source as shards.

    A call that was ended, by whatever, leaves whole shards behind: the same call goes on with the
    others.

    Args:
        folder: of the shards, local or remote; created if missing.
        source: Source of what is encoded, readable items alone.
        encode: function from a Source to an iterator over the codes of its items in order, int
            arrays (n,), those of all levels one after the other.
        spec: CodeSpec.
        left_out: list of (name, reason) of the items that were left out.
        progress: None or function (items done, total items).

    Returns:
        dict, the manifest of the shards, see `shard_index.merge`.

    Raises:
        ValueError: the folder holds other shards.
    """
    count = max(1, math.ceil(len(source) / ITEMS))
    check_shards(count, len(source))
    plan = {**source_plan(source, count), "codes": spec.values()}
    if is_prepared(folder):
        manifest = read_manifest(folder)
        check_plan(folder, manifest.get("plan") or {}, plan, _OTHERS)
        return manifest
    begin(folder, plan, _OTHERS)
    names, parts, done = shard_names(count), [], 0
    for name, share in zip(names, shares(len(source), count), strict=True):
        report = None if progress is None else lambda n, done=done: progress(done + n, len(source))
        parts.append(_part(folder, name, source.select(share), encode, spec, report))
        done += len(share)
    told = {**about(source), "sample_rate": None, "plan": plan, "codes": spec.values()}
    parts[0].left_out.extend(left_out)
    manifest = merge(folder, names, parts, told)
    places.remove_folder(places.inside(folder, UNFINISHED))
    return manifest


def _part(folder, name, source, encode, spec, report):
    """Returns the Part of a shard, which is written unless it is there."""
    place, note = places.inside(folder, name), places.inside(folder, f"{UNFINISHED}/{name}.npz")
    part = read_note(note)
    if part is None or not places.is_whole(place, part.size, part.checksum):
        codes = []
        for item in encode(source):
            codes.append(np.asarray(item, spec.dtype))
            if report is not None and len(codes) % 64 == 0:
                report(len(codes))
        coded = Source(source.names, array_reader(codes), columns=source.columns)
        part = write_part(place, coded, range(len(coded)), lambda raw: raw)
        write_note(note, part)
    if report is not None:
        report(len(source))
    return part


def codes_in(folder):
    """Returns what the codes in prepared shards are: a CodeSpec, or None where they hold none."""
    manifest = read_manifest(folder)
    return CodeSpec.of(manifest["codes"], folder) if "codes" in manifest else None
