"""A LiteRT file that takes samples or pixels as a phone has them: the pipeline is in its graph."""

from mmssl.deploy import litert
from mmssl.deploy.checked import check_backend, keep_checked, run_keras
from mmssl.deploy.given import given
from mmssl.deploy.precision import as_float32
from mmssl.deploy.runs import classifier_of
from mmssl.deploy.samples import arrays
from mmssl.deploy.signatures import load_signatures

NAME = "encoder_raw.tflite"


def export_raw_litert(run, out=None, layer=None, whiten="auto"):
    """Exports a run's encoder with its input pipeline to a LiteRT file, for phones.

    Its signature `embed` takes `pcm` int16 (1, T), the samples of one channel at the run's sample
    rate; or `pixels` uint8 (1, H, W, 3), RGB of a picture of any size. It returns `embedding` and
    `features`, as the file of `export_run` does. It is run on sounds or pictures and compared with
    the run's own pipeline and encoder before it is kept.

    Args:
        run: `mmssl.runs.Run`.
        out: Path to write, ending in `.tflite`; None for `encoder_raw.tflite` in the run folder.
        layer: Block to cut the encoder after, such as `"block_3"`; None for the whole encoder.
        whiten: Whether its embedding is whitened, see `Run.deployed_encoder`.

    Returns:
        `mmssl.deploy.ExportResult`.

    Raises:
        ValueError: The encoder is one of texts, the block is unknown, the path does not fit, or the
            run cannot be whitened.
        ImportError: The extra `litert` is not installed.
        ExportError: The encoder has operations that LiteRT does not support.
        ExportMismatchError: The file does not compute what pipeline and encoder compute.
    """
    path = litert.checked_path(out or run.place(NAME))
    return _write(run, run.deployed_encoder(layer, whiten), path)


def export_raw_litert_classifier(run, out=None):
    """Exports a run's fine-tuned classifier in the same way; it returns `probabilities` as well.

    Args:
        run: `mmssl.runs.Run` that has been fine-tuned.
        out: Path to write; None for `classifier_raw.tflite` in the run folder.

    Returns:
        `mmssl.deploy.ExportResult`.

    Raises:
        ValueError: See `export_raw_litert` and `export_classifier`.
        ImportError: See `export_raw_litert`, as for the following.
        ExportError: It has operations that LiteRT does not support.
        ExportMismatchError: The file does not compute what pipeline and classifier compute.
    """
    path = litert.checked_path(out or run.folder / "classifier_raw.tflite")
    return _write(run, classifier_of(run), path)


def _write(run, encoder, path):
    check_backend()
    model = as_float32(encoder)
    signature, items = given("raw", run.data, model).signature, arrays(run.data)
    (name,) = signature[1]
    prepared = list(run.data.examples(items, batch_size=1).as_numpy_iterator())

    def run_written(written):
        embed = load_signatures(written)["embed"]
        return [embed(**{name: item[None]}) for item in items]

    return keep_checked(
        "litert",
        path,
        lambda written: litert.save(written, {"embed": signature}),
        run_written,
        run_keras(model, prepared),
    )
