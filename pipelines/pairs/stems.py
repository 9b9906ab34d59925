"""Pairs of files with equal stems, such as cat.jpg and cat.txt."""

from mmssl.pipelines.pairs.halves import WITHOUT, half_of_files
from mmssl.pipelines.pairs.paired import PairedSource
from mmssl.pipelines.sources import finding


def open_folder(folder, extensions):
    """Joins the files of one folder, and those below it, that have equal stems.

    Args:
        folder: pathlib.Path.
        extensions: see `open_pairs`; a file belongs to the side that reads its extension.

    Returns:
        PairedSource.

    Raises:
        ValueError: both sides read the same extension, or there is no pair.
    """
    first, second = map(set, extensions.values())
    if first & second:
        raise ValueError(
            f"in one folder the sides are told apart by extension, and both read "
            f"{', '.join(sorted(first & second)[:4])}: give a dict with a folder for each side"
        )
    return open_folders(dict.fromkeys(extensions, folder), extensions)


def open_folders(folders, extensions):
    """Joins the files of two folders by their stems, the folders below these included.

    Args:
        folders: dict from each side to a pathlib.Path.
        extensions: see `open_pairs`.

    Returns:
        PairedSource; a stem that only one side has, or one side twice, is in `left_out`.

    Raises:
        ValueError: a folder does not exist, or no two stems are equal.
    """
    files, left_out = {}, []
    for side, folder in folders.items():
        if not folder.is_dir():
            raise ValueError(f"the source of the side {side}, {folder}, is not a folder")
        files[side], also = _by_stem(folder, extensions[side])
        left_out += also if folder not in list(folders.values())[: len(files) - 1] else []
    stems = list(dict.fromkeys(stem for found in files.values() for stem in found))
    pairs = []
    for stem in sorted(stems):
        reason = _missing(stem, files)
        if reason is None:
            pairs.append(stem)
        else:
            left_out.append((stem, reason))
    if not pairs:
        told = ", ".join(f"{len(found)} of {side}" for side, found in files.items())
        raise ValueError(
            f"no two files of {_shown(folders)} have the same stem: there are {told}. Files of one "
            "side alone are for its tower, RUN/towers/<side>"
        )
    halves = {
        side: half_of_files([files[side][stem] for stem in pairs], folder, extensions[side])
        for side, folder in folders.items()
    }
    source = next(iter(halves.values())).source
    names = [str(files[next(iter(files))][stem][0].relative_to(source.root)) for stem in pairs]
    return PairedSource.of(halves, names, root=source.root, left_out=left_out)


def _by_stem(folder, extensions):
    found, left_out = finding.find(folder, extensions)
    stems = {}
    for file in found:
        if file.suffix.lower() in extensions:
            stems.setdefault(file.relative_to(folder).with_suffix("").as_posix(), []).append(file)
    return stems, left_out


def _missing(stem, files):
    for side, found in files.items():
        if stem not in found:
            return WITHOUT.format(side=side)
        if len(found[stem]) > 1:
            names = " and ".join(file.name for file in found[stem])
            return f"with several files as its {side}: {names}"
    return None


def _shown(folders):
    return " and ".join(dict.fromkeys(map(str, folders.values())))
