"""Checksums of the small files of a run, so that a damaged one is named before it is believed."""

import contextlib
import json
import logging
import zlib
from pathlib import Path

from mmssl.files import write_text
from mmssl.reading import check_regular, load_json

CHECKSUMS = "checksums.json"
BY_THE_DATA = (
    *("skipped.txt", "speakers.txt", "permutations.txt", "schema.json", "codes.json"),
    *("vocabulary.txt", "vocabulary.json", "merges.txt", "code_labels.json"),
    *("vocab.txt", "vocab.json", "sentencepiece.model", "tokenizer_config.json"),
)
_REMEDIES = {  # what to do about a file; the rest is restored from a copy
    "environment.json": "nothing is computed from it, so delete it",
    "history.csv": "delete it, and the run goes on without the curves so far",
    "metrics.json": "delete it, and evaluate again",
    "logger.json": "delete it, and the logger begins a run of its own for what follows",
    "plan.json": "delete it, and the same `mmssl pretrain` command plans the same steps again, "
    "if they are set by fit.steps or fit.epochs",
    "classes.txt": "fine-tune again",
}
logger = logging.getLogger(__name__)


def write_noted(path, text):
    """Writes a text file of a run atomically, and notes its checksum.

    Args:
        path: pathlib.Path in the run folder.
        text: str, the whole content.
    """
    # Noted first, next to the checksum of the version there: whichever survives a crash is known.
    _note(path.parent, {path.name: _checksum(text.encode())})
    write_text(path, text)


def note_files_of_data(folder):
    """Notes the checksums of the files that a pipeline has written in a run folder.

    Args:
        folder: path of the run folder.
    """
    paths = [Path(folder, name) for name in BY_THE_DATA]
    _note(folder, {path.name: _checksum(path.read_bytes()) for path in paths if path.exists()})


def check_files(folder):
    """Compares the small files of a run with their checksums; a missing one is told to the log.

    Args:
        folder: path of the run folder; one of an earlier version has no checksums.

    Raises:
        ValueError: a file is damaged; the message names it and what to do.
    """
    for path in Path(folder).iterdir():
        check_regular(path)
    for name, noted in _noted(folder).items():
        path = Path(folder, name)
        if not path.exists():
            logger.warning("%s is missing.", path)
        elif _checksum(path.read_bytes()) not in noted:
            raise ValueError(damage(path))
    for path in Path(folder).glob("*.json"):
        with contextlib.suppress(ValueError):
            if isinstance(load_json(path.read_bytes()), dict):
                continue
        raise ValueError(damage(path))


def damage(path):
    """Says that a file of a run is damaged, and what to do.

    Args:
        path: pathlib.Path of the file.

    Returns:
        str, a sentence.
    """
    remedy = _REMEDIES.get(path.name, "restore it from a copy, or train in a new folder")
    return f"{path} is damaged: {remedy}. If you changed it yourself, delete {CHECKSUMS} beside it."


def _note(folder, checksums):
    noted = _noted(folder)
    both = {name: [*noted.get(name, [])[-1:], new] for name, new in checksums.items()}
    if any(noted.get(name, [])[-1:] != [new] for name, new in checksums.items()):
        write_text(Path(folder, CHECKSUMS), json.dumps({**noted, **both}, indent=1))


def _noted(folder):
    path = Path(folder, CHECKSUMS)
    if not path.exists():
        return {}
    try:
        noted = load_json(path.read_text(encoding="utf-8"))
        return {str(name): [str(value) for value in values] for name, values in noted.items()}
    except (ValueError, AttributeError, TypeError):
        raise ValueError(
            f"{path} is damaged: delete it, and the files of the run are no longer checked."
        ) from None


def _checksum(content):
    return f"{zlib.crc32(content):08x}"
