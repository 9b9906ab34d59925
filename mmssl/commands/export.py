"""Export the encoder for deployment, and check the export against Keras."""

from mmssl.commands import arguments

EXAMPLES = """mmssl export runs/speech --format saved_model
mmssl export runs/speech --format litert --out speech.tflite
mmssl export runs/speech --format litert --quantize int8
mmssl export runs/data2vec --format litert --layer block_3
mmssl export runs/speech --format saved_model --step 2000
mmssl export runs/simclr --format litert --part classifier
mmssl export runs/speech --format litert --part stream
mmssl export runs/bert --format keras_hub --out bert_of_my_documents"""


def add_arguments(parser):
    arguments.add_run(parser)
    arguments.add_step(parser)
    parser.add_argument("--format", required=True, help="saved_model, litert, onnx or keras_hub")
    arguments.add_layer(parser, "block to cut the encoder after, or whole")
    parser.add_argument(
        "--part",
        choices=["encoder", "classifier", "generator", "stream"],
        default="encoder",
        help="classifier: the one that `mmssl finetune` trained; generator: one step of a WaveNet, "
        "its state in and out; stream: a causal encoder of sound in chunks, its state in and out",
    )
    parser.add_argument(
        "--quantize",
        metavar="PRECISION",
        help="float16, dynamic (int8 weights) or int8 (weights and activations), for litert: a "
        "smaller file, compared with the float encoder on items of the run's own data",
    )
    parser.add_argument("--out", help="path to write; in the run folder if not given")


def run(options):
    from mmssl.deploy import preset
    from mmssl.deploy.generator import export_generator
    from mmssl.deploy.runs import export_classifier, export_run
    from mmssl.deploy.stream import export_stream

    run = arguments.run_of(options)
    if options.quantize is not None:
        _quantize(options, run)
        return
    if options.part == "generator":
        result = export_generator(run, options.format, options.out)
    elif options.part == "stream":
        layer = arguments.layer_of(options, run)
        result = export_stream(run, options.format, options.out, layer)
    elif options.part == "classifier":
        result = export_classifier(run, options.format, options.out)
    elif options.format == preset.FORMAT:
        result = preset.export_preset(run, options.out, arguments.layer_of(options, run))
    else:
        layer = arguments.layer_of(options, run)
        result = export_run(run, options.format, options.out, layer)
    print(
        f"{result.path}: {result.bytes / 1e6:.1f} MB, differs from Keras by at most "
        f"{result.max_difference:.1e}, {result.seconds:.0f} s"
    )


def _quantize(options, run):
    from mmssl.deploy.quantized import check_precision, export_quantized
    from mmssl.training.progress import stages

    precision = check_precision(options.quantize)
    if (options.format, options.part) != ("litert", "encoder"):
        raise ValueError(
            f"--quantize {precision} is for --format litert and --part encoder; got --format "
            f"{options.format} and --part {options.part}."
        )
    with stages() as progress:
        layer = arguments.layer_of(options, run)
        result = export_quantized(run, precision, options.out, layer, progress=progress)
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
