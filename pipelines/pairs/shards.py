"""Pairs in WebDataset's shards: tar files in which the members of one pair have one key."""

import os
import tarfile
from collections import defaultdict
from pathlib import Path, PurePosixPath

import numpy as np
import tensorflow as tf

from mmssl.pipelines.pairs.halves import NO_TEXT, WITHOUT, reads_texts
from mmssl.pipelines.pairs.paired import Half, PairedSource
from mmssl.pipelines.sources.arrays import host
from mmssl.pipelines.sources.source import Source
from mmssl.reading import check_regular

_TOGETHER = 1000  # members of which tarfile keeps what it read


def shards_in(folder):
    """Lists the `.tar` files of a folder, sorted; none in a folder without them."""
    return sorted(path for path in Path(folder).iterdir() if path.suffix.lower() == ".tar")


def open_shards(paths, extensions):
    """Joins the members of tar files that have one key: the path up to the first dot of its name.

    Nothing is unpacked: members are read where they lie. A member whose path leads out of the
    archive, that is a link or a device, or that is there twice is left out.

    Args:
        paths: list of paths of uncompressed `.tar` files.
        extensions: see `open_pairs`; the last ending of a member tells its side.

    Returns:
        PairedSource; texts are held in memory.

    Raises:
        ValueError: a file is missing, damaged or compressed, or there is no pair.
    """
    members, left_out = defaultdict(dict), []
    for number, path in enumerate(map(Path, paths)):
        for name, place in _listed(path, number, left_out):
            side = _side(name, extensions)
            if side is None:
                continue
            key = (number, _key(name))
            if side in members[key]:
                left_out.append((f"{path.name}:{name}", "a second member of its key"))
            else:
                members[key][side] = place
    names, places = [], {side: [] for side in extensions}
    texts = {side: [] for side in extensions if reads_texts(extensions[side])}
    for (number, key), found in members.items():
        name = f"{Path(paths[number]).name}:{key}"
        reason, read = _read_texts(paths, found, extensions)
        if reason is not None:
            left_out.append((name, reason))
            continue
        names.append(name)
        for side in extensions:
            places[side].append(found[side])
            if side in texts:
                texts[side].append([read[side]])
    if not names:
        raise ValueError(f"{', '.join(map(str, paths[:3]))} has no key with both halves")
    halves = {
        side: Half.of_texts(texts[side], files=paths)
        if side in texts
        else Half.single(_source(paths, names, places[side]))
        for side in extensions
    }
    return PairedSource.of(halves, names, files=tuple(paths), left_out=left_out)


def _listed(path, number, left_out):
    """Yields the name and the place (shard, offset, size) of each member that may be read."""
    check_regular(path)
    if not path.is_file():
        raise ValueError(f"the shard {path} does not exist (working folder {os.getcwd()})")
    try:
        with tarfile.open(path, "r:") as archive:
            for count, member in enumerate(archive):
                if count % _TOGETHER == 0:
                    archive.members = []  # which would grow with the archive
                reason = _why_not(member)
                if reason is not None:
                    left_out.append((f"{path.name}:{member.name}", reason))
                elif member.isfile():
                    yield member.name, (number, member.offset_data, member.size)
    except tarfile.TarError as error:
        raise ValueError(f"{path} is damaged, or not an uncompressed tar file: {error}") from None


def _why_not(member):
    parts = PurePosixPath(member.name).parts
    if member.name.startswith("/") or ".." in parts:
        return "a path that leads out of the archive"
    if member.isdir():
        return None
    return None if member.isreg() and not member.issparse() else "a link or a device, not a file"


def _key(name):
    path = PurePosixPath(name)
    return (path.parent / path.name.split(".")[0]).as_posix()


def _side(name, extensions):
    suffix = PurePosixPath(name).suffix.lower()
    return next((side for side, reads in extensions.items() if suffix in reads), None)


def _read_texts(paths, found, extensions):
    """Returns why members are no pair, or None, and the texts among them by side."""
    texts = {}
    for side, reads in extensions.items():
        if side not in found:
            return WITHOUT.format(side=side), {}
        if reads_texts(reads):
            try:
                texts[side] = _content(paths, found[side]).decode("utf-8-sig").strip()
            except UnicodeDecodeError:
                return f"with a {side} that is not UTF-8", {}
            if not texts[side]:
                return NO_TEXT.format(side=side), {}
    return None, texts


def _content(paths, place):
    number, offset, size = place
    with open(paths[number], "rb", buffering=0) as file:
        return os.pread(file.fileno(), size, offset)


def _source(paths, names, places):
    held = host(np.array(places, np.int64))

    def content(place):
        return _content(paths, place.tolist())

    def read(index):
        return tf.ensure_shape(
            tf.numpy_function(content, [held[index]], tf.string, stateful=False), []
        )

    return Source(names, read, files=tuple(paths))
