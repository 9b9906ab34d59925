"""What an export is, for programs: manifest.json beside the model."""

import hashlib
import importlib.metadata
import json

from mmssl.encoders.parts.whitening import unwhitened
from mmssl.files import write_text

NAME = "manifest.json"
_PACKAGES = ("mmssl", "keras", "tensorflow", "tensorflow-text")


def write_manifest(folder, run, encoder, raw, signatures, part, layer):
    """Writes the manifest of a SavedModel, once its other files are written.

    Args:
        folder: pathlib.Path of the SavedModel.
        run: `mmssl.runs.Run`.
        encoder: the functional keras.Model in it.
        raw: `RawInputs`.
        signatures: dict from the name of a signature to its concrete function.
        part: `"encoder"` or `"classifier"`.
        layer: block that the encoder was cut after, or None.
    """
    described = {name: _described(function) for name, function in signatures.items()}
    outputs = described["serving_default"]["outputs"]
    manifest = {
        "run": run.folder.resolve().name,
        "recipe": run.recipe,
        "step": run.files.read_plan()["steps"] if run.step is None else run.step,
        "part": part,
        "layer": layer,
        "whitened": unwhitened(encoder)[1] is not None,
        "dimension": outputs["embedding"]["shape"][-1],
        "input": {"name": raw.name, "readable": raw.readable, **raw.limits},
        "signatures": described,
        "versions": {name: importlib.metadata.version(name) for name in _PACKAGES},
        "sha256": checksums(folder),
    }
    text = json.dumps(manifest, indent=1, ensure_ascii=False)
    write_text(folder / NAME, text + "\n")


def checksums(folder):
    """Returns the SHA-256 of every file of a SavedModel by its path, manifest and README aside."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if path.name not in (NAME, "README.md")
    }


def _described(function):
    inputs = function.structured_input_signature
    specs = {**{spec.name: spec for spec in _flat(inputs[0])}, **inputs[1]}
    return {
        "inputs": {name: _spec(spec) for name, spec in specs.items()},
        "outputs": {name: _spec(spec) for name, spec in function.structured_outputs.items()},
    }


def _flat(arguments):
    return [spec for argument in arguments for spec in _values(argument)]


def _values(argument):
    return argument.values() if isinstance(argument, dict) else [argument]


def _spec(spec):
    return {"dtype": spec.dtype.name, "shape": spec.shape.as_list()}
