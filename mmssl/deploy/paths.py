"""Where an export may be written: no file of another kind, no folder of something else."""

from pathlib import Path


def file_for(path, what, suffix):
    """Returns the path of an export that is a file.

    Args:
        path: File to write or replace.
        what: What it will be, to begin a sentence with.
        suffix: Its ending.

    Returns:
        pathlib.Path.

    Raises:
        ValueError: `path` does not end so, or is a folder.
    """
    path = Path(path)
    if path.suffix != suffix or path.is_dir():
        raise ValueError(f"{what} is a file that ends in {suffix}, not {path}.")
    return path


def folder_for(path, what, mark):
    """Returns the path of an export that is a folder.

    Args:
        path: Folder that is new, empty, or holds an earlier export of the kind.
        what: What it will be.
        mark: Name of a file that every such export has.

    Returns:
        pathlib.Path.

    Raises:
        ValueError: `path` is a file or a folder of something else.
    """
    path = Path(path)
    taken = path.is_file() or (path.is_dir() and any(path.iterdir()))
    if taken and not (path / mark).is_file():
        raise ValueError(
            f"{path} holds something other than {what} and is not replaced: name a new folder."
        )
    return path
