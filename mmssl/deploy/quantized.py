"""LiteRT files of lower precision: half the size or a quarter, compared with the float encoder."""

import dataclasses
import functools
import json
import tempfile
import time
from pathlib import Path

import numpy as np

from mmssl.deploy import saved_model
from mmssl.deploy.checked import ExportMismatchError, check_backend
from mmssl.deploy.compact import compacted
from mmssl.deploy.given import given
from mmssl.deploy.integers import convert_to_integers, float_products
from mmssl.deploy.litert import checked_path, converted
from mmssl.deploy.precision import as_float32
from mmssl.deploy.probed import probe_both
from mmssl.deploy.reader import load_exported
from mmssl.encoders.parts.whitening import unwhitened
from mmssl.evaluation.probes.features import embed
from mmssl.files import atomic_write, write_text

PRECISIONS = ("float16", "dynamic", "int8")
LEAST_COSINE = 0.9  # of a mean; what is further from its encoder is another one


@dataclasses.dataclass(frozen=True)
class QuantizedResult:
    """The result of a quantization, which is also in the JSON file beside the LiteRT file.

    Attributes:
        path: Path of the file.
        precision: `"float16"`, `"dynamic"` or `"int8"`.
        bytes: Its size.
        share: Of the size of the float32 file.
        mean_cosine: Mean cosine between its embeddings and those of the float encoder.
        min_cosine: The smallest one.
        items: Number of items that it was compared on.
        calibration_items: Number of other items that the ranges of int8 were measured on; 0 for
            other precisions.
        seed: Of the draw of both.
        probes: Dict as of `mmssl.deploy.probed.probe_both`.
        seconds: Time spent.
    """

    path: Path
    precision: str
    bytes: int
    share: float
    mean_cosine: float
    min_cosine: float
    items: int
    calibration_items: int
    seed: int
    probes: dict
    seconds: float


def export_quantized(
    run,
    precision,
    out=None,
    layer=None,
    whiten="auto",
    inputs="tensors",
    seed=0,
    calibration_items=100,
    items=100,
    progress=None,
):
    """Exports a run's encoder to a LiteRT file of lower precision, and measures what is lost.

    The signature `embed`, its inputs and outputs stay as in the float32 file. float16 stores
    weights in half precision; dynamic stores them in int8 and quantizes activations at every call;
    int8 has weights and activations of products in int8, by ranges measured on items of the run's
    own training data. What it was measured to lose is written beside it, `encoder_int8.json` for
    `encoder_int8.tflite`. Of a long recording, the window in its middle is taken.

    Args:
        run: `mmssl.runs.Run`.
        precision: `"float16"`, `"dynamic"` or `"int8"`.
        out: Path to write, ending in `.tflite`; None for `encoder_int8.tflite` and so on in the run
            folder, with raw inputs `encoder_raw_int8.tflite`.
        layer: Block to cut the encoder after, such as `"block_3"`; None for the whole encoder.
        whiten: Whether its embedding is whitened, see `Run.deployed_encoder`.
        inputs: `"tensors"`, or `"raw"` for samples or pixels, see `export_raw_litert`.
        seed: Of the draw of items.
        calibration_items: Number of items to measure ranges on, at most half of what there is.
        items: Number of other items to compare the embeddings on, at most what is left.
        progress: None or function (stage, items done).

    Returns:
        `QuantizedResult`.

    Raises:
        ValueError: The precision, the block, the inputs or the path do not fit, there are fewer
            than two items, or the data that the run was trained on are gone.
        ImportError: The extra `litert` is not installed.
        ExportError: The encoder has operations that LiteRT does not support.
        ExportMismatchError: The embeddings are not finite, or on the average not even close.
    """
    check_precision(precision)
    check_backend()
    _check_counts(calibration_items, items)
    kind = "raw_" if inputs == "raw" else ""
    path = checked_path(out or run.place(f"encoder_{kind}{precision}.tflite"))
    started, told = time.perf_counter(), functools.partial(_told, progress)
    encoder = as_float32(run.deployed_encoder(layer, whiten))
    tensors, taken = (given(form, run.data, encoder) for form in ("tensors", inputs))
    calibration, compared = _drawn(run, seed, calibration_items, items)
    with atomic_write(path) as written:

        def ranges():
            return told(taken.examples(calibration), "calibration")

        share = _write(encoder, taken, written, precision, ranges)
        run_written = load_exported(written)

        def vectors(source, stage):
            examples = told(taken.examples(source), stage)
            return np.concatenate([run_written(example)["embedding"] for example in examples])

        def float_vectors(source, stage):
            return embed(encoder, told(tensors.examples(source), stage))

        expected = float_vectors(compared, "float32")
        cosines = _cosines(expected, vectors(compared, precision))
        whitened = unwhitened(encoder)[1] is not None
        _check(cosines, precision, whitened)
        forms = {"float32": float_vectors, precision: vectors}
        probes = probe_both(run.data, forms, seed, whitened)
        size = written.stat().st_size
    result = QuantizedResult(
        path=path,
        precision=precision,
        bytes=size,
        share=share,
        mean_cosine=float(cosines.mean()),
        min_cosine=float(cosines.min()),
        items=len(compared),
        calibration_items=len(calibration) if precision == "int8" else 0,
        seed=seed,
        probes=probes,
        seconds=time.perf_counter() - started,
    )
    _keep(result)
    return result


def check_precision(precision):
    """Returns the name of a precision, or raises a ValueError that lists the known ones."""
    if precision not in PRECISIONS:
        raise ValueError(f"Unknown precision {precision!r}; choose one of {', '.join(PRECISIONS)}.")
    return precision


def _check_counts(calibration_items, items):
    if min(calibration_items, items) < 1:
        raise ValueError(
            f"calibration_items={calibration_items} and items={items} must be 1 or more."
        )


def _drawn(run, seed, calibration_items, items):
    """Draws items to calibrate on, and others to compare on."""
    source = run.data.prepare(run.folder).items
    if len(source) < 2:
        raise ValueError(
            f"{run.folder} was trained on one item: quantization is measured on other items than "
            "it is calibrated on, and needs two or more."
        )
    order = np.random.default_rng(seed).permutation(len(source))
    first = min(calibration_items, len(source) // 2)
    return source.select(order[:first]), source.select(order[first : first + items])


def _told(progress, examples, stage):
    """Yields examples, and tells how many there were."""
    for number, example in enumerate(examples, start=1):
        yield example
        if progress is not None:
            progress(stage, number)


def _write(encoder, taken, written, precision, calibration):
    """Writes the file, and returns its share of the size of the float32 file."""
    with tempfile.TemporaryDirectory() as saved:
        saved_model.save(saved, {"embed": taken.signature})
        floats = converted(saved, ["embed"])

        def convert(converter):
            if precision == "int8":
                in_floats = taken.products + float_products(encoder)
                return convert_to_integers(converter, floats, encoder, in_floats, calibration)
            return _convert_weights(converter, precision)

        content = compacted(converted(saved, ["embed"], convert))
    written.write_bytes(content)
    return len(content) / len(compacted(floats))


def _convert_weights(converter, precision):
    import tensorflow as tf

    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision == "float16":
        converter.target_spec.supported_types = [tf.float16]
    return converter.convert()


def _cosines(expected, found):
    lengths = np.linalg.norm(expected, axis=1) * np.linalg.norm(found, axis=1)
    return np.sum(expected * found, axis=1, dtype=np.float64) / lengths


def _check(cosines, precision, whitened):
    # Negated, so that NaN, which compares as false, counts as a mismatch.
    if not cosines.mean() >= LEAST_COSINE:
        plain = " The plain ones (--whiten none) lose less." if whitened else ""
        raise ExportMismatchError(
            f"The {precision} file has embeddings whose mean cosine to those of the float encoder "
            f"is {cosines.mean():.3f}; {LEAST_COSINE} is asked for. It was not kept.{plain}"
        )


def _keep(result):
    figures = dataclasses.asdict(result) | {"path": result.path.name}
    write_text(result.path.with_suffix(".json"), json.dumps(figures, indent=1) + "\n")
