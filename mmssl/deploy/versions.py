"""Numbered folders, of which TensorFlow Serving serves the highest."""

from pathlib import Path


def version_folder(out):
    """Returns the folder of a new version.

    Args:
        out: the version itself, a path that ends in a number such as `models/speech/2`; or the
            folder of the versions, for the number after the highest there, or 1.

    Returns:
        pathlib.Path that does not exist.

    Raises:
        ValueError: the version exists, or `out` is a file or a SavedModel itself.
    """
    out = Path(out)
    if out.name.isdecimal() and int(out.name) > 0:
        return check_new(out)
    if out.is_file() or (out / "saved_model.pb").is_file():
        raise ValueError(
            f"{out} is no folder of numbered versions: name a new one, such as models/speech, or "
            "models/speech/1"
        )
    there = [int(path.name) for path in out.glob("*") if path.name.isdecimal()]
    return out / str(max(there, default=0) + 1)


def check_new(version):
    """Returns a path, or raises a ValueError where there is something: no version is replaced."""
    if version.exists():
        raise ValueError(
            f"{version} exists, and versions are not replaced: name {version.parent} alone for the "
            "next number"
        )
    return version
