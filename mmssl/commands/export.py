"""Export the encoder for deployment, and check the export against Keras."""

from mmssl.commands import arguments

EXAMPLES = """mmssl export runs/speech --format saved_model
mmssl export runs/speech --format litert --out speech.tflite
mmssl export runs/data2vec --format litert --layer block_3
mmssl export runs/speech --format litert --whiten none --out plain.tflite
mmssl export runs/speech --format saved_model --step 2000
mmssl export runs/simclr --format litert --part classifier"""


def add_arguments(parser):
    arguments.add_run(parser)
    arguments.add_step(parser)
    parser.add_argument("--format", required=True, help="saved_model, litert or onnx")
    arguments.add_layer(parser, "block to cut the encoder after, or whole")
    arguments.add_whiten(parser)
    parser.add_argument(
        "--part",
        choices=["encoder", "classifier", "generator"],
        default="encoder",
        help="classifier: the one that `mmssl finetune` trained; generator: one step of a WaveNet, "
        "its state in and out",
    )
    parser.add_argument("--out", help="path to write; in the run folder if not given")


def run(options):
    from mmssl.deploy.generator import export_generator
    from mmssl.deploy.runs import export_classifier, export_run

    run = arguments.run_of(options)
    if options.part == "generator":
        result = export_generator(run, options.format, options.out)
    elif options.part == "classifier":
        result = export_classifier(run, options.format, options.out)
    else:
        layer = arguments.layer_of(options, run)
        result = export_run(run, options.format, options.out, layer, options.whiten)
    print(
        f"{result.path}: {result.bytes / 1e6:.1f} MB, differs from Keras by at most "
        f"{result.max_difference:.1e}, {result.seconds:.0f} s"
    )
