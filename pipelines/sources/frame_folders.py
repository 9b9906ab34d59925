"""Folders of pictures, each the frames of a video in the order of their numbers."""

import re

from mmssl.pipelines.sources.extensions import IMAGE_EXTENSIONS

BESIDE = "a picture beside the folders of frames"


def frame_folders(files, root):
    """Finds the folders that hold pictures.

    Args:
        files: sorted list of pathlib.Path.
        root: pathlib.Path of the folder that was searched, which is a video, too, if it has
            pictures and no folder below it has.

    Returns:
        Dict from the path of a folder to the list of its pictures, `2.png` before `10.png`; and
        the left out pictures, a list of (name, reason).
    """
    folders, beside = {}, []
    for file in files:
        if file.suffix.lower() in IMAGE_EXTENSIONS:
            folders.setdefault(file.parent, []).append(file)
    if len(folders) > 1:
        beside = [(file.name, BESIDE) for file in folders.pop(root, [])]
    return {folder: sorted(found, key=_by_number) for folder, found in folders.items()}, beside


def _by_number(file):
    parts = re.split(r"(\d+)", file.name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]
