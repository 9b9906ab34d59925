"""Preparation of a source, shard by shard; what is done is kept."""

import functools
import os
from dataclasses import asdict, dataclass
from typing import Any

from mmssl.pipelines.preparing.encodings import EXTENSIONS, Encoding
from mmssl.pipelines.preparing.processes import in_processes
from mmssl.pipelines.sources import open_source, places
from mmssl.pipelines.sources.parts import read_note, write_note, write_part
from mmssl.pipelines.sources.scan import SKIPPED_FILE, check_skip_ratio, skipped_lines
from mmssl.pipelines.sources.shard_index import INDEX, is_prepared, merge, read_manifest
from mmssl.pipelines.sources.shard_plan import UNFINISHED, begin, check_plan, source_plan
from mmssl.pipelines.sources.shards import about, check_shards, shard_names, shares

_OTHERS = "shards that were prepared otherwise"


@dataclass(frozen=True)
class Job:
    """What a process has to know to write a shard.

    Attributes:
        spec: see `open_source`.
        labels: see `open_source`.
        label_column: see `open_source`.
        out: folder of the shards, local or remote.
        shards: number of them.
        encoding: Encoding.
        names: fingerprint of the names of the items, which every process must find the same.
    """

    spec: Any
    labels: str | None
    label_column: str | None
    out: str
    shards: int
    encoding: Encoding
    names: str

    def open(self):
        """Opens the source: Source.

        Raises:
            ValueError: it is not there, or holds other items than when the job began.
        """
        source = _open(self.spec, self.encoding, self.labels, self.label_column)
        if source.fingerprint() != self.names:
            raise ValueError(f"{self.spec} changed meanwhile: start again")
        return source

    def place(self, number):
        """Returns the path of a shard."""
        return places.inside(self.out, shard_names(self.shards)[number])

    def note(self, number):
        """Returns the path of the note of what is in a shard."""
        name = f"{shard_names(self.shards)[number]}.npz"
        return places.inside(places.inside(self.out, UNFINISHED), name)


@dataclass(frozen=True)
class Done:
    """What was prepared.

    Attributes:
        manifest: dict, see `shard_index.merge`.
        written: number of shards that this call wrote.
        mended: list of the names of shards that were prepared before, and were damaged.
    """

    manifest: dict
    written: int
    mended: list[str]


def prepare(
    spec,
    out,
    shards,
    encoding,
    *,
    labels=None,
    label_column=None,
    skip_ratio=0.01,
    run=None,
    progress=None,
):
    """Writes any source as TFRecord shards with an index, which are a source like any other.

    A call that was ended, by whatever, leaves whole shards behind: the same call goes on with the
    others. Where all are there, their checksums are looked at, and damaged ones written anew.

    Args:
        spec: see `open_source`.
        out: folder of the shards, local or remote; created if missing.
        shards: number of them, 1 or more.
        encoding: Encoding.
        labels: see `open_source`; the columns of the table are stored.
        label_column: see `open_source`; with "folder", the names of folders are stored as `label`.
        skip_ratio: fraction of the items that may be unreadable, see `check_skip_ratio`.
        run: function (write, numbers of shards) that yields what `write`, which can be pickled,
            returns for each of them, in any order, in this process or elsewhere; None for
            processes of this machine, as many as there are cores.
        progress: None or function (items done, total items).

    Returns:
        Done.

    Raises:
        ValueError: wrong input, too many items cannot be read, or `out` holds other shards.
    """
    out, spec = os.fspath(out), _path_of(spec)
    source = _open(spec, encoding, labels, label_column)
    check_shards(shards, len(source))
    job = Job(spec, labels, label_column, out, shards, encoding, source.fingerprint())
    plan = _plan(source, job)
    before = _manifest_of(out, plan)
    if before is None:
        begin(out, plan, _OTHERS)
    sizes = [len(share) for share in shares(len(source), shards)]
    missing = [k for k in range(shards) if not _is_done(job, k, before)]
    count = sum(sizes) - sum(sizes[k] for k in missing)
    run = run or functools.partial(in_processes, workers=os.cpu_count())
    for number in run(functools.partial(write, job), missing):
        count += sizes[number]
        if progress is not None:
            progress(count, len(source))
    if before is None:
        return Done(_finish(job, source, plan, skip_ratio), len(missing), [])
    _check_same(job, missing, before)
    return Done(before, len(missing), [shard_names(shards)[k] for k in missing])


def write(job, number):
    """Writes a shard, and the note of what is in it.

    Args:
        job: Job.
        number: of the shard.

    Returns:
        int, the number.
    """
    source, encode = _opened(job)
    share = shares(len(source), job.shards)[number]
    part = write_part(job.place(number), source, share, encode)
    write_note(job.note(number), part)
    return number


@functools.lru_cache(1)
def _opened(job):
    """Opens the source once in a process."""
    source = job.open()
    return source, job.encoding.encoder(source)


def _path_of(spec):
    """Returns a source that other processes can open: a str, or a tuple of them."""
    if isinstance(spec, str | os.PathLike):
        return os.fspath(spec)
    if isinstance(spec, list | tuple) and all(isinstance(s, str | os.PathLike) for s in spec):
        return tuple(map(os.fspath, spec))
    raise ValueError(
        f"the source is a {type(spec).__name__}: prepare takes paths, and write_shards data in "
        "memory"
    )


def _open(spec, encoding, labels, label_column):
    return open_source(spec, EXTENSIONS[encoding.modality], labels, label_column)


def _plan(source, job):
    """Returns all that the shards depend on, dict of JSON values."""
    return {
        **source_plan(source, job.shards),
        "encoding": asdict(job.encoding),
        "tokens": job.encoding.about_tokens(),
    }


def _manifest_of(out, plan):
    """Returns the manifest where all shards have been prepared before; None where not."""
    if not is_prepared(out):
        return None
    manifest = read_manifest(out)
    check_plan(out, manifest["plan"], plan, _OTHERS)
    return manifest


def _is_done(job, number, manifest):
    if manifest is not None:
        shard = manifest["shards"][number]
        return places.is_whole(job.place(number), shard["size"], shard["checksum"])
    part = read_note(job.note(number))
    return part is not None and places.is_whole(job.place(number), part.size, part.checksum)


def _finish(job, source, plan, skip_ratio):
    parts = [read_note(job.note(number)) for number in range(job.shards)]
    left_out = [one for part in parts for one in part.left_out]
    check_skip_ratio(left_out, len(source), skip_ratio)
    rate = job.encoding.sample_rate_of(source)
    told = {**about(source), "sample_rate": rate, "modality": job.encoding.modality, "plan": plan}
    told["tokens"] = plan["tokens"]
    manifest = merge(job.out, shard_names(job.shards), parts, told)
    skipped = places.inside(places.inside(job.out, INDEX), SKIPPED_FILE)
    places.write_bytes(skipped, skipped_lines(left_out).encode())
    places.remove_folder(places.inside(job.out, UNFINISHED))
    return manifest


def _check_same(job, numbers, manifest):
    """Checks that shards which were written anew are what they were, as the index says."""
    for number in numbers:
        shard = manifest["shards"][number]
        if not places.is_whole(job.place(number), shard["size"], shard["checksum"]):
            raise ValueError(
                f"{job.place(number)} was damaged, and comes out otherwise now, with other "
                f"versions of libraries: prepare the shards anew in another folder than {job.out}"
            )
    places.remove_folder(places.inside(job.out, UNFINISHED))
