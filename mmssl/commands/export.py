"""Export the encoder for deployment, and check the export against Keras."""

from pathlib import Path

from mmssl.commands import arguments

EXAMPLES = """mmssl export runs/speech --format saved_model
mmssl export runs/speech --format litert --out speech.tflite
mmssl export runs/speech --format litert --quantize int8
mmssl export runs/speech --format litert --quantize int8 --inputs raw
mmssl export runs/data2vec --format litert --layer block_3
mmssl export runs/speech --format litert --whiten none --out plain.tflite
mmssl export runs/speech --format saved_model --step 2000
mmssl export runs/simclr --format litert --part classifier
mmssl export runs/speech --format litert --part stream
mmssl export runs/vq_vae --format saved_model --part tokenizer
mmssl export runs/speech --format saved_model --inputs raw --out models/speech --serving-files
mmssl export runs/bert --format keras_hub --out bert_of_my_documents
mmssl export runs/words --format word2vec --out vectors.txt
mmssl export runs/clip --format saved_model"""


def add_arguments(parser):
    arguments.add_run(parser)
    arguments.add_step(parser)
    parser.add_argument(
        "--format",
        required=True,
        help="saved_model, litert, onnx, keras_hub, or word2vec for word vectors as text",
    )
    arguments.add_layer(parser, "block to cut the encoder after, or whole")
    arguments.add_whiten(parser)
    parser.add_argument(
        "--part",
        choices=list(_EXPORTERS),
        default="encoder",
        help="classifier: the one that `mmssl finetune` trained; generator: one step of a WaveNet "
        "or WaveRNN or of a prior over codes, its state in and out, or the drawing of a PixelRNN, "
        "ImageGPT or DALLE; "
        "restorer: what an IPT restores pictures with; stream: a causal encoder of sound in "
        "chunks, its state in and out; tokenizer: both ways between inputs and codes",
    )
    parser.add_argument(
        "--quantize",
        metavar="PRECISION",
        help="float16, dynamic (int8 weights) or int8 (weights and activations), for litert: a "
        "smaller file, compared with the float encoder on items of the run's own data",
    )
    parser.add_argument(
        "--inputs",
        choices=["tensors", "raw"],
        default="tensors",
        help="raw: for servers (saved_model) files (JPEG, PNG, BMP, GIF, WebP; WAV) or texts as "
        "they are; for phones (litert) 16-bit samples, or RGB pixels of a picture of any size",
    )
    parser.add_argument(
        "--out",
        help="path to write; in the run folder if not given. Of a saved_model with --inputs raw, a "
        "version such as models/speech/2, or models/speech for the next number",
    )
    parser.add_argument(
        "--serving-files",
        action="store_true",
        help="beside models/NAME/1 also write what TensorFlow Serving is started with: its "
        "configuration, a Dockerfile, a Kubernetes manifest",
    )


def run(options):
    _check(options)
    run = arguments.run_of(options)
    if options.quantize is not None:
        _quantize(options, run)
        return
    result = _EXPORTERS[options.part](options, run)
    print(
        f"{result.path}: {result.bytes / 1e6:.1f} MB, differs from Keras by at most "
        f"{result.max_difference:.1e}, {result.seconds:.0f} s"
    )
    if options.serving_files:
        _write_serving_files(result.path.parents[1])


def _check(options):
    raw = options.inputs == "raw"
    if raw and options.format not in ("saved_model", "litert"):
        raise ValueError(
            f"--inputs raw is for --format saved_model or litert, not for {options.format}"
        )
    if raw and options.part not in ("encoder", "classifier"):
        raise ValueError(
            f"--inputs raw is for an encoder or a classifier, not for --part {options.part}"
        )
    if options.quantize is not None:
        _check_quantize(options)
    versioned = options.out and (raw or Path(options.out).name.isdecimal())
    if options.serving_files and not (options.format == "saved_model" and versioned):
        raise ValueError(
            "--serving-files takes --format saved_model and a numbered version as --out, such as "
            "models/speech/1."
        )


def _check_quantize(options):
    from mmssl.deploy.quantized import check_precision

    precision = check_precision(options.quantize)
    if (options.format, options.part) != ("litert", "encoder"):
        raise ValueError(
            f"--quantize {precision} is for --format litert and --part encoder; got --format "
            f"{options.format} and --part {options.part}."
        )


def _encoder(options, run):
    if options.format == "word2vec":
        from mmssl.deploy.word2vec_text import export_word_vectors

        return export_word_vectors(run, options.out)
    layer = arguments.layer_of(options, run)
    if options.format == "keras_hub":
        from mmssl.deploy.preset import export_preset

        return export_preset(run, options.out, layer)
    if options.inputs == "tensors" and _is_of_pairs(run, options):
        from mmssl.deploy.pairs import export_pairs

        return export_pairs(run, options.format, options.out)
    if options.inputs == "tensors":
        from mmssl.deploy.runs import export_run

        return export_run(run, options.format, options.out, layer, options.whiten)
    if options.format == "litert":
        from mmssl.deploy.raw_litert import export_raw_litert as export_raw
    else:
        from mmssl.deploy.raw import export_raw
    return export_raw(run, options.out, layer, options.whiten)


def _is_of_pairs(run, options):
    from mmssl.evaluation.pair_run import is_pair_run

    return is_pair_run(run) and options.layer is None


def _classifier(options, run):
    if options.inputs == "tensors":
        from mmssl.deploy.runs import export_classifier

        return export_classifier(run, options.format, options.out)
    if options.format == "litert":
        from mmssl.deploy.raw_litert import export_raw_litert_classifier as export_raw
    else:
        from mmssl.deploy.raw import export_raw_classifier as export_raw
    return export_raw(run, options.out)


def _generator(options, run):
    from mmssl.deploy.generator import export_generator

    return export_generator(run, options.format, options.out)


def _tokenizer(options, run):
    from mmssl.deploy.tokenizer import export_tokenizer

    return export_tokenizer(run, options.format, options.out)


def _restorer(options, run):
    from mmssl.deploy.restorer import export_restorer

    return export_restorer(run, options.format, options.out)


def _stream(options, run):
    from mmssl.deploy.stream import export_stream

    return export_stream(run, options.format, options.out, arguments.layer_of(options, run))


# Each imports what it needs and no more.
_EXPORTERS = {
    "encoder": _encoder,
    "classifier": _classifier,
    "generator": _generator,
    "restorer": _restorer,
    "stream": _stream,
    "tokenizer": _tokenizer,
}


def _write_serving_files(folder):
    from mmssl.deploy.serving_files import write_serving_files

    print(", ".join(map(str, write_serving_files(folder))))


def _quantize(options, run):
    from mmssl.deploy.quantized import export_quantized
    from mmssl.training.progress import stages

    precision, layer = options.quantize, arguments.layer_of(options, run)
    with stages() as progress:
        result = export_quantized(
            run, precision, options.out, layer, options.whiten, options.inputs, progress=progress
        )
    calibrated = f", calibrated on {result.calibration_items} others" * (precision == "int8")
    print(
        f"{result.path}: {result.bytes / 1e6:.2f} MB, {result.share:.3f} of the float32 file, "
        f"{result.seconds:.0f} s\n"
        f"cosine to the float vectors: mean {result.mean_cosine:.5f}, smallest "
        f"{result.min_cosine:.5f} ({result.items} items{calibrated})"
    )
    print(_told(result.probes, precision))


def _told(probes, precision):
    if "missing" in probes:
        return f"no probe: {probes['missing']}"
    kept, whole = probes[precision], probes["float32"]
    scores = "; ".join(f"{name} {kept[name]:.3f}, float32 {whole[name]:.3f}" for name in whole)
    return f"{scores} ({probes['n_test']} test items)"
