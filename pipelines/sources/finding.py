"""The files of a folder or glob, each once, and what is left out, with the reason."""

import fnmatch
import os
import re
import stat
from collections import Counter
from pathlib import Path

from mmssl.pipelines.sources.tables import listed
from mmssl.reading import SPECIAL

KIND = "a file of a kind that is not read"
HIDDEN = "a hidden file"
CLOSED = "a folder that cannot be listed"
NAME = "a name with control characters, or not in UTF-8"
OUT = "a link out of the folder"
BROKEN = "a link to nothing"
AGAIN = "a link to what is read already"
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
# What lies beside recordings and pictures and tells about them; to a text recipe it is data.
_BESIDE = (".csv", ".json", ".jsonl", ".md", ".tsv", ".txt", ".xml", ".yaml", ".yml")


def find(root, extensions, pattern=None):
    """Finds the regular files under a folder, without opening any.

    Links to files and folders are followed where they stay within the folder and lead to what is
    not found without them. So every file is found once, and no walk is endless. Hidden folders are
    not entered, hidden files not found.

    Args:
        root: pathlib.Path of a folder; may be a link itself.
        extensions: lowercase extensions of hidden files that are worth telling.
        pattern: parts of a glob relative to `root`, such as ("**", "*.wav"); None finds all.

    Returns:
        (files, left_out): sorted list of pathlib.Path that begin with `root`; sorted list of
        (name, reason), names relative to `root`.
    """
    walk = _Walk(root, None if pattern is None or "**" in pattern else len(pattern))
    files = sorted(walk.found.values())
    left_out = sorted(
        (printable(os.path.relpath(path, root)), reason)
        for path, reason in walk.left_out
        if reason != HIDDEN or path.suffix.lower() in extensions
    )
    if pattern is None:
        return files, left_out
    pattern = (*pattern, "*") if pattern[-1] == "**" else pattern
    return [f for f in files if _matches(f.relative_to(root).parts, pattern)], left_out


class _Walk:
    """Lists real folders first, so that names without links are preferred, then follows links."""

    def __init__(self, root, depth):
        self.root, self.depth = root, depth
        self.real_root = os.path.realpath(root)
        self.found, self.left_out = {}, []  # real path -> path; list of (path, reason)
        self._links, self._folders = [], set()
        self._list(root, self.real_root)
        while self._links:
            links, self._links = sorted(self._links), []
            for link in links:
                self._follow(link)

    def _list(self, folder, real_folder):
        """Lists a folder and the real folders below it; their links are kept for later."""
        waiting = [(folder, real_folder)]
        while waiting:
            folder, real_folder = waiting.pop()
            if real_folder in self._folders:
                continue
            self._folders.add(real_folder)
            for entry in self._entries(folder):
                path, real = folder / entry.name, os.path.join(real_folder, entry.name)
                if _UNPRINTABLE.search(entry.name):
                    self.left_out.append((path, NAME))
                elif entry.name.startswith("."):
                    if entry.is_file():
                        self.left_out.append((path, HIDDEN))
                elif entry.is_symlink():
                    self._links.append(path)
                elif entry.is_dir():
                    if self._deeper(path):
                        waiting.append((path, real))
                elif entry.is_file():
                    self.found[real] = path
                else:
                    self.left_out.append((path, SPECIAL))

    def _entries(self, folder):
        try:
            with os.scandir(folder) as entries:
                return list(entries)
        except OSError:
            self.left_out.append((folder, CLOSED))
            return []

    def _deeper(self, path):
        return self.depth is None or len(path.relative_to(self.root).parts) < self.depth

    def _follow(self, link):
        real = os.path.realpath(link)
        reason = why_not(link, self.real_root)
        if reason is None and (self._has_file(link, real) or real in self._folders):
            reason = AGAIN
        if reason is not None:
            self.left_out.append((link, reason))
        elif not os.path.isdir(real):
            self.found[real] = link
        elif self._deeper(link):
            self._list(link, real)

    def _has_file(self, link, real):
        """Whether a file is found already, and not merely as the nameless content of a link."""
        known = self.found.get(real)
        return known is not None and (
            known.is_symlink() or known.suffix.lower() == link.suffix.lower()
        )


def why_not(path, folder):
    """Returns why a path is not read as a part of a folder, or None if it is.

    Args:
        path: path of a file or folder.
        folder: the path, without links, of the folder that it must stay in.
    """
    real = os.path.realpath(path)
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return BROKEN
    if _UNPRINTABLE.search(os.path.basename(path)):
        return NAME
    if real != folder and not real.startswith(os.path.join(folder, "")):
        return OUT
    return None if stat.S_ISREG(mode) or stat.S_ISDIR(mode) else SPECIAL


def _matches(parts, pattern):
    """Whether the parts of a path match those of a glob; `**` stands for any number of folders."""
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return any(_matches(parts[i:], pattern[1:]) for i in range(len(parts) + 1))
    matched = bool(parts) and fnmatch.fnmatchcase(parts[0], pattern[0])
    return matched and _matches(parts[1:], pattern[1:])


def printable(name):
    """Returns a name with control characters and bytes that are not UTF-8 written as escapes."""
    return _UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode(), name)


def unread(files, root, extensions):
    """Names the files of other kinds than a recipe reads.

    Args:
        files: list of pathlib.Path that `find` returned with `root`.
        root: see `find`.
        extensions: tuple of lowercase extensions that are read.

    Returns:
        list of (name, reason); without tables and notes, where the recipe does not read text.
    """
    quiet = () if ".txt" in extensions else _BESIDE
    others = (f for f in files if f.suffix.lower() not in (*extensions, *quiet))
    return [(f.relative_to(root).as_posix(), KIND) for f in others]


def kinds(files):
    """Counts files by their kind: str such as "12 .jpg, 1 README", or "nothing"."""
    found = Counter(file.suffix.lower() or file.name for file in files).most_common(8)
    return ", ".join(f"{count} {kind}" for kind, count in found) or "nothing"


def describe(left_out):
    """Describes what was left out in sentences.

    Args:
        left_out: list of (name, reason).

    Returns:
        list of str, one per reason, such as "2 files of kinds that are not read: .m4a", and "left
        out 1, a link out of the folder: zero.wav".
    """
    kinds = Counter(_kind(name) for name, reason in left_out if reason == KIND)
    count = kinds.total()
    files = "1 file" if count == 1 else f"{count} files"
    told = [f"{files} of kinds that are not read: {_counted(kinds)}"] if kinds else []
    for reason in dict.fromkeys(reason for _, reason in left_out if reason != KIND):
        names = [name for name, why in left_out if why == reason]
        told.append(f"left out {len(names)}, each {reason}: {listed(names)}")
    return told


def _kind(name):
    return Path(name).suffix.lower() or "without extension"


def _counted(kinds):
    if len(kinds) == 1:
        return next(iter(kinds))
    return listed([f"{count} {kind}" for kind, count in kinds.most_common()])
