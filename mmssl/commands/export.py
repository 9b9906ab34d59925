"""Export the encoder for deployment, and check the export against Keras."""

from pathlib import Path

from mmssl.commands import arguments

EXAMPLES = """mmssl export runs/speech --format saved_model
mmssl export runs/speech --format litert --out speech.tflite
mmssl export runs/data2vec --format litert --layer block_3
mmssl export runs/speech --format saved_model --step 2000
mmssl export runs/simclr --format litert --part classifier
mmssl export runs/speech --format saved_model --inputs raw --out models/speech
mmssl export runs/speech --format saved_model --out models/speech/1 --serving-files"""


def add_arguments(parser):
    arguments.add_run(parser)
    arguments.add_step(parser)
    parser.add_argument("--format", required=True, help="saved_model, litert or onnx")
    arguments.add_layer(parser, "block to cut the encoder after, or whole")
    parser.add_argument(
        "--part",
        choices=["encoder", "classifier", "generator"],
        default="encoder",
        help="classifier: the one that `mmssl finetune` trained; generator: one step of a WaveNet, "
        "its state in and out",
    )
    parser.add_argument(
        "--inputs",
        choices=["tensors", "raw"],
        default="tensors",
        help="raw: files (JPEG, PNG, BMP, GIF, WebP; WAV) or texts as they are, for servers; the "
        "format is saved_model",
    )
    parser.add_argument(
        "--out",
        help="path to write; in the run folder if not given. With --inputs raw, a version such as "
        "models/speech/2, or models/speech for the next number",
    )
    parser.add_argument(
        "--serving-files",
        action="store_true",
        help="beside models/NAME/1 also write what TensorFlow Serving is started with: its "
        "configuration, a Dockerfile, a Kubernetes manifest",
    )


def run(options):
    from mmssl.deploy.generator import export_generator
    from mmssl.deploy.runs import export_classifier, export_run

    if options.serving_files:
        _check_numbered(options)
    run = arguments.run_of(options)
    if options.inputs == "raw":
        result = _raw(options, run)
    elif options.part == "generator":
        result = export_generator(run, options.format, options.out)
    elif options.part == "classifier":
        result = export_classifier(run, options.format, options.out)
    else:
        layer = arguments.layer_of(options, run)
        result = export_run(run, options.format, options.out, layer)
    print(
        f"{result.path}: {result.bytes / 1e6:.1f} MB, differs from Keras by at most "
        f"{result.max_difference:.1e}, {result.seconds:.0f} s"
    )
    if options.serving_files:
        _write_serving_files(result.path.parents[1])


def _check_numbered(options):
    numbered = options.inputs == "raw" or Path(options.out or "").name.isdecimal()
    if options.format != "saved_model" or options.out is None or not numbered:
        raise ValueError(
            "--serving-files takes --format saved_model and a numbered version as --out, such as "
            "models/speech/1."
        )


def _write_serving_files(folder):
    from mmssl.deploy.serving_files import write_serving_files

    print(", ".join(map(str, write_serving_files(folder))))


def _raw(options, run):
    from mmssl.deploy.raw import export_raw, export_raw_classifier

    if options.format != "saved_model":
        raise ValueError(f"--inputs raw is for --format saved_model, not for {options.format}")
    if options.part == "generator":
        raise ValueError("--inputs raw is for an encoder or a classifier, not for a generator")
    if options.part == "classifier":
        return export_raw_classifier(run, options.out)
    return export_raw(run, options.out, arguments.layer_of(options, run))
