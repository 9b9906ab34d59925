"""From a folder to a model that is served: a run, a SavedModel, or numbered versions of one."""

import tempfile
from pathlib import Path

from mmssl.deploy.raw import export_raw
from mmssl.files import recover
from mmssl.reading import load_json
from mmssl.runs import Run, RunFolder
from mmssl.serving.model import read_saved_model

SAVED = "saved_model.pb"


def load_models(folders, names=(), trust=(), announce=print):
    """Loads what is in some folders.

    Args:
        folders: list of paths, see `load_model`.
        names: list of str, one a folder; empty for the folders' own.
        trust: see `load_model`.
        announce: see `load_model`.

    Returns:
        List of `mmssl.serving.model.Model`.

    Raises:
        ValueError: there are not as many names as folders, or a folder holds nothing to serve.
    """
    if names and len(names) != len(folders):
        raise ValueError(
            "--name must be given once a folder, in their order, or not at all; got "
            f"{len(names)} for {len(folders)} folders."
        )
    pairs = zip(folders, names or [None] * len(folders), strict=True)
    return [load_model(folder, name, trust, announce) for folder, name in pairs]


def load_model(folder, name=None, trust=(), announce=print):
    """Loads what is in a folder.

    Args:
        folder: path of a run, of a SavedModel, or of a folder with numbered versions of one, of
            which the highest is taken.
        name: str, to serve it under; None for the folder's.
        trust: names of modules whose classes a run may name besides those of mmssl and Keras.
        announce: function of a sentence, called before a run is exported, which takes its time.

    Returns:
        `mmssl.serving.model.Model`.

    Raises:
        ValueError: it is none of these.
    """
    folder = Path(folder)
    recover(folder)
    saved = saved_folder(folder)
    if saved is not None:
        numbered = saved.name.isdecimal()
        own = saved.parent.resolve().name if numbered else saved.resolve().name
        version = int(saved.name) if numbered else 1
        return read_saved_model(saved, name or own, version, _sample_rate(saved))
    if not RunFolder(folder).config.is_file():
        raise ValueError(
            f"{folder} cannot be served: it is neither a run folder nor a SavedModel (with "
            f"{SAVED}), nor does it hold numbered versions of one."
        )
    run = Run.load(folder, trust)
    announce(f"exporting {folder}, which is checked before it is served")
    return _load_run(run, name or folder.resolve().name)


def saved_folder(folder):
    """Returns the SavedModel in a folder: itself, or its highest numbered version; else None."""
    if (folder / SAVED).is_file():
        return folder
    versions = [path.parent for path in folder.glob(f"*/{SAVED}") if path.parent.name.isdecimal()]
    return max(versions, key=lambda path: int(path.name), default=None)


def _sample_rate(saved):
    """The rate that the manifest of an export states, if it has one."""
    manifest = saved / "manifest.json"
    if not manifest.is_file():
        return None
    try:
        return load_json(manifest.read_bytes())["input"].get("sample_rate")
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ValueError(
            f"{manifest} is damaged, or of another program: remove it to serve the model all the "
            "same."
        ) from None


def _load_run(run, name):
    with tempfile.TemporaryDirectory(prefix="mmssl-serve-") as folder:
        saved = export_raw(run, Path(folder) / "1", run.layer).path
        return read_saved_model(saved, name, 1, _sample_rate(saved))
