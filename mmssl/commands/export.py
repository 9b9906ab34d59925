"""Export the encoder for deployment, and check the export against Keras."""

from pathlib import Path

from mmssl.commands import arguments

EXAMPLES = """mmssl export runs/speech --format saved_model
mmssl export runs/speech --format litert --out speech.tflite
mmssl export runs/data2vec --format litert --layer block_3
mmssl export runs/speech --format saved_model --step 2000
mmssl export runs/simclr --format litert --part classifier
mmssl export runs/bert --format keras_hub --out bert_of_my_documents
mmssl export runs/speech --format saved_model --out models/speech/1 --serving-files"""


def add_arguments(parser):
    arguments.add_run(parser)
    arguments.add_step(parser)
    parser.add_argument("--format", required=True, help="saved_model, litert, onnx or keras_hub")
    arguments.add_layer(parser, "block to cut the encoder after, or whole")
    parser.add_argument(
        "--part",
        choices=["encoder", "classifier", "generator"],
        default="encoder",
        help="classifier: the one that `mmssl finetune` trained; generator: one step of a WaveNet, "
        "its state in and out",
    )
    parser.add_argument("--out", help="path to write; in the run folder if not given")
    parser.add_argument(
        "--serving-files",
        action="store_true",
        help="beside models/NAME/1 also write what TensorFlow Serving is started with: its "
        "configuration, a Dockerfile, a Kubernetes manifest",
    )


def run(options):
    from mmssl.deploy import preset
    from mmssl.deploy.generator import export_generator
    from mmssl.deploy.runs import export_classifier, export_run

    if options.serving_files:
        _check_numbered(options)
    run = arguments.run_of(options)
    if options.part == "generator":
        result = export_generator(run, options.format, options.out)
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
    if options.serving_files:
        _write_serving_files(result.path.parents[1])


def _check_numbered(options):
    if options.format != "saved_model" or not Path(options.out or "").name.isdecimal():
        raise ValueError(
            "--serving-files takes --format saved_model and a numbered version as --out, such as "
            "models/speech/1."
        )


def _write_serving_files(folder):
    from mmssl.deploy.serving_files import write_serving_files

    print(", ".join(map(str, write_serving_files(folder))))
