"""A SavedModel that takes files and texts as they are: the pipeline is in its graph."""

import json
import tempfile

import tensorflow as tf

from mmssl.deploy import manifest as manifests
from mmssl.deploy.batches import for_any_batch
from mmssl.deploy.checked import keep_checked, run_keras
from mmssl.deploy.example import example_inputs, variants
from mmssl.deploy.precision import as_float32
from mmssl.deploy.readme import write_readme
from mmssl.deploy.runs import classifier_of
from mmssl.deploy.samples import samples
from mmssl.deploy.signatures import input_specs, load_signatures
from mmssl.deploy.versions import check_new, version_folder
from mmssl.pipelines.in_graph.inputs import raw_inputs
from mmssl.quiet import quiet_logger

NAME = "serving"


def export_raw(run, out=None, layer=None, whiten="auto"):
    """Exports a run's encoder with its input pipeline, for servers that are sent files or texts.

    The SavedModel has the signatures `embed` (the encoder's tensors, as `export_run` writes it) and
    `embed_bytes` (encoded pictures or sounds, string (B,)) or `embed_text` (texts, string (B,)),
    which is `serving_default` as well and returns `embedding` float32 (B, D). B may be 0. It is run
    on files and texts and compared with the run's own pipeline and encoder before it is kept.
    Beside it are a manifest.json and a README.md with requests.

    Args:
        run: `mmssl.runs.Run`.
        out: folder of a new version, `models/speech/2`, or of the versions, `models/speech`, for
            the next number; None for `serving` in the run folder.
        layer: block to cut the encoder after, such as `"block_3"`; None for the whole encoder.
        whiten: whether its embedding is whitened, see `Run.deployed_encoder`.

    Returns:
        `mmssl.deploy.ExportResult`.

    Raises:
        ValueError: the version exists, the block is unknown, the pipeline is of another kind, or
            the run cannot be whitened.
        ExportMismatchError: the export does not compute what pipeline and encoder compute.
    """
    version = version_folder(run.place(NAME) if out is None else out)
    return _write(run, run.deployed_encoder(layer, whiten), version, "encoder", layer)


def export_raw_classifier(run, out=None):
    """Exports a run's fine-tuned classifier in the same way; it returns `probabilities` as well.

    Args:
        run: `mmssl.runs.Run` that has been fine-tuned.
        out: see `export_raw`; None for `serving_classifier` in the run folder.

    Returns:
        `mmssl.deploy.ExportResult`.

    Raises:
        ValueError: see `export_raw` and `export_classifier`.
        ExportMismatchError: see `export_raw`.
    """
    version = version_folder(run.folder / f"{NAME}_classifier" if out is None else out)
    return _write(run, classifier_of(run), version, "classifier", None)


def _write(run, encoder, version, part, layer):
    raw, model = raw_inputs(run.data), as_float32(encoder)
    tensors = variants(model, example_inputs(model))
    with tempfile.TemporaryDirectory() as folder:
        sent, source = samples(run.data, folder)
        read = run.data.examples(source, batch_size=len(sent))
        prepared = {name: value.numpy() for name, value in next(iter(read)).items()}

    def convert(written):
        functions = _signatures(model, raw)
        _save(written, model, raw, functions)
        manifests.write_manifest(written, run, encoder, raw, functions, part, layer)
        manifest = json.loads((written / manifests.NAME).read_text(encoding="utf-8"))
        write_readme(written, version, manifest)
        check_new(version)

    expected = [*run_keras(model, tensors), *map(_without_features, run_keras(model, [prepared]))]
    return keep_checked(
        "saved_model", version, convert, lambda written: _run(written, raw, tensors, sent), expected
    )


def _signatures(model, raw):
    call, name = for_any_batch(model), f"embed_{raw.name}"
    embed = tf.function(lambda inputs: call(inputs), [input_specs(model)])

    def of_raw(sent):
        return _without_features(call(raw.function(sent)))

    spec = tf.TensorSpec([None], tf.string, name=raw.name)
    raw_function = tf.function(of_raw, [spec]).get_concrete_function()
    return {
        "embed": embed.get_concrete_function(),
        name: raw_function,
        "serving_default": raw_function,
    }


def _save(path, model, raw, functions):
    module = tf.Module()
    module.weights = [variable.value for variable in model.variables]
    module.resources = raw.resources
    with quiet_logger("tensorflow"):  # it logs that it writes assets, of which there are none
        tf.saved_model.save(module, str(path), signatures=functions)


def _run(written, raw, tensors, sent):
    loaded = load_signatures(written)
    with tf.device("/CPU:0"):  # see `run_keras`
        outputs = [loaded["embed"](**batch) for batch in tensors]
        return [*outputs, loaded["serving_default"](**{raw.name: sent})]


def _without_features(outputs):
    return {name: value for name, value in outputs.items() if name != "features"}
