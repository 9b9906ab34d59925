"""The figures of a run's encoder in every form: size, vectors, probes, speed and memory."""

from functools import partial

import numpy as np
from deploy_ways import BATCH, in_turns, jitted, loaded, memory_of, of_batches, predict
from steps import log

PRECISIONS = ("float16", "dynamic", "int8")
FORMS = ("saved_model", "litert", *PRECISIONS, "onnx")
SUFFIXES = {"saved_model": "", "onnx": ".onnx"}  # of files; .tflite of the others


def measure(run, options):
    """Returns the figures of a run's encoder in every form."""
    from mmssl.deploy import as_float32

    encoder = as_float32(run.deployed_encoder(run.layer))
    source = run.data.prepare(run.folder).items
    item, batch = (inputs(run.data, encoder, source, count) for count in (1, BATCH))
    files, forms = {}, {}
    for form in options.forms:
        log(f"  {form}: exporting")
        files[form], forms[form] = written(run, form)
    exact = {form: files[form] for form in ("saved_model", "litert", "onnx") if files.get(form)}
    probes = probed(run.data, encoder, exact)
    for form in exact:
        forms[form]["probes"] = probes
    log("  speed")
    ways = {"predict": partial(predict, encoder)} | jitted(encoder, item, forms)
    ways |= {form: loaded(path, options.threads) for form, path in files.items() if path}
    items = {name: partial(way, item) for name, way in ways.items()}
    batches, count = of_batches(ways, batch)
    speed = {"item": in_turns(items, options.rounds), "batch": in_turns(batches, options.rounds)}
    whitening = run.about_whitening(run.layer)
    log("  memory")
    memory = {form: memory_of(path, item) for form, path in files.items() if path}
    seconds = item["waveform"].shape[1] / run.data.sample_rate if "waveform" in item else None
    return {
        "whitened": whitening is not None and whitening.used,
        "layer": run.layer,
        "weights": int(encoder.count_params()),
        "shapes": {name: list(array.shape) for name, array in item.items()},
        "item_seconds": seconds,
        "forms": forms,
        "speed": speed,
        "items_a_call": count * BATCH,
        "memory": memory,
    }


def inputs(data, encoder, source, count):
    """Returns the encoder's inputs for the first items of a source, as large as in training."""
    first = source.select(np.arange(min(count, len(source))))
    batch = next(iter(data.middles(first, count).as_numpy_iterator()))
    return {name: batch[name] for name in encoder.input}


def written(run, form):
    """Returns the path of an export and its figures; None and the reason where there is none."""
    from mmssl.deploy import ExportError, export_quantized, export_run

    path = run.folder / "exported" / f"{form}{SUFFIXES.get(form, '.tflite')}"
    path.parent.mkdir(exist_ok=True)
    try:
        if form not in PRECISIONS:
            result = export_run(run, form, path, run.layer)
            return path, {"bytes": result.bytes, "difference": result.max_difference}
        result = export_quantized(run, form, path, run.layer)
    except ExportError as error:
        return None, {"missing": str(error)}
    named = ("bytes", "share", "mean_cosine", "min_cosine", "probes")
    return path, {name: getattr(result, name) for name in named}


def probed(data, encoder, files):
    """Returns the probes of the float encoder and of the files that compute the same."""
    from mmssl.deploy import load_exported
    from mmssl.deploy.probed import probe_both
    from mmssl.encoders.parts.whitening import unwhitened
    from mmssl.evaluation.probes.features import embed

    def of_file(path):
        run = load_exported(path)

        def vectors(source, stage):
            log(f"  {stage}")
            examples = data.middles(source, BATCH).as_numpy_iterator()
            return np.concatenate(
                [run({n: batch[n] for n in encoder.input})["embedding"] for batch in examples]
            )

        return vectors

    def of_keras(source, stage):
        log(f"  {stage}")
        return embed(encoder, data.middles(source, BATCH))

    forms = {"float32": of_keras} | {f: of_file(p) for f, p in files.items()}
    return probe_both(data, forms, whitened=unwhitened(encoder)[1] is not None)
