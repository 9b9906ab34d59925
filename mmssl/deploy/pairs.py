"""The export of a run of pairs: a model for each side, and one manifest of both."""

import importlib.metadata
import json

from mmssl.deploy.checked import ExportResult
from mmssl.deploy.formats import FORMATS, check_format, export
from mmssl.deploy.manifest import NAME, checksums
from mmssl.deploy.paths import folder_for
from mmssl.evaluation.pair_run import PairRun
from mmssl.files import atomic_write, write_text

_PACKAGES = ("mmssl", "keras", "tensorflow")


def export_pairs(run, format, out=None):
    """Exports the towers of a run of pairs, each checked as in `export`.

    Their embeddings are unit vectors of one space: the logit of two halves is `logit_scale` times
    their dot product, plus `logit_bias`, which manifest.json states.

    Args:
        run: `mmssl.runs.Run` of pairs.
        format: `"saved_model"`, `"litert"` or `"onnx"`.
        out: Folder to write; None for `pair_<format>` in the run folder.

    Returns:
        `mmssl.deploy.ExportResult` of both.

    Raises:
        ValueError: The run is not one of pairs, the format is unknown, or the folder holds
            something else.
        ExportError: A tower has operations that the format does not support.
        ExportMismatchError: An export does not compute what Keras computes.
    """
    check_format(format)
    pair = PairRun.of(run)
    path = folder_for(out or run.folder / f"pair_{format}", "an export of pairs", NAME)
    with atomic_write(path) as beside:
        beside.mkdir()
        results = {
            side: export(tower.encoder, beside / _name(side, format), format)
            for side, tower in pair.sides.items()
        }
        text = json.dumps(_manifest(pair, format, beside), indent=1, ensure_ascii=False)
        write_text(beside / NAME, text + "\n")
    return ExportResult(
        format,
        path,
        sum(result.bytes for result in results.values()),
        max(result.max_difference for result in results.values()),
        sum(result.seconds for result in results.values()),
    )


def _name(side, format):
    return side if format == "saved_model" else f"{side}{FORMATS[format].NAME[len('encoder') :]}"


def _manifest(pair, format, folder):
    return {
        "run": pair.run.folder.resolve().name,
        "recipe": pair.run.recipe,
        "step": pair.run.files.read_plan()["steps"],
        "format": format,
        "sides": {side: _described(side, run, format) for side, run in pair.sides.items()},
        "logit_scale": pair.scale,
        "logit_bias": pair.bias,
        "versions": {name: importlib.metadata.version(name) for name in _PACKAGES},
        "sha256": checksums(folder),
    }


def _described(side, run, format):
    encoder = run.encoder
    inputs = {name: {"dtype": x.dtype, "shape": list(x.shape)} for name, x in encoder.input.items()}
    return {
        "model": _name(side, format),
        "inputs": inputs,
        "dimension": encoder.output["embedding"].shape[-1],
    }
