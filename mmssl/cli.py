"""The command line: `mmssl COMMAND ...`. TensorFlow is imported inside a command, not before."""

import argparse
import os
import sys

from mmssl import commands
from mmssl.quiet import quiet

EXAMPLES = """examples:
  mmssl list
  mmssl pretrain audio/cpc --data.source recordings/ --out runs/speech
  mmssl evaluate runs/speech --data.source clips/ --data.labels clips/labels.tsv
  mmssl embed runs/speech clips/*.wav --out vectors.npz
  mmssl export runs/speech --format litert
"""


def main(arguments=None):
    """Runs a command.

    Args:
        arguments: list of str; the process's own when None.

    Returns:
        int, the exit status: 0 when all went well, 2 for wrong input.
    """
    parser = _parser()
    options, overrides = parser.parse_known_args(arguments)
    if overrides and options.run is not commands.pretrain:
        parser.error(f"unrecognized arguments: {' '.join(overrides)}")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    options.overrides = overrides
    with quiet():
        import tensorflow

        tensorflow.config.list_physical_devices()
    from mmssl.deploy import ExportError

    try:
        options.run(options)
    except (ValueError, ImportError, OSError, ExportError) as error:
        print(f"mmssl: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        kept = "; the same command goes on from the last checkpoint"
        print(f"mmssl: stopped{kept if options.run is commands.pretrain else ''}.", file=sys.stderr)
        return 130
    return 0


def _parser():
    parser = argparse.ArgumentParser(
        prog="mmssl",
        description="Pretrain encoders of audio, text and images on unlabelled data.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    pretrain = _command(
        parsers,
        "pretrain",
        commands.pretrain,
        "train a recipe in a run folder, or go on with a run that was stopped",
        "mmssl pretrain audio/cpc --data.source recordings/ --fit.minutes 10 --out runs/speech\n"
        "Every key of the recipe can follow as an option: --data.KEY, --method.KEY,\n"
        "--method.encoder.KEY, --fit.KEY; `mmssl list audio/cpc` shows them.",
    )
    pretrain.add_argument("recipe", help="name of a recipe (see `mmssl list`) or a YAML file")
    pretrain.add_argument("--out", help="run folder; runs/RECIPE if not given")
    pretrain.add_argument("--quiet", action="store_true", help="print nothing but errors")

    evaluate = _command(
        parsers,
        "evaluate",
        commands.evaluate,
        "probe an encoder beside the same one untrained and the raw input",
        "mmssl evaluate runs/speech --data.source clips/ --data.labels clips/labels.tsv \\\n"
        "    --data.label_column digit --json\n"
        "mmssl evaluate runs/simclr --data.source fashion/ --data.limit 10000 --few-shot 1,5,10\n"
        "mmssl evaluate runs/data2vec --data.source clips/ --probe linear,weighted --layer all",
    )
    _add_run(evaluate)
    _add_labelled_data(evaluate)
    _add_limit(evaluate)
    evaluate.add_argument("--layer", help="block to probe, such as block_3; whole, or all")
    evaluate.add_argument(
        "--probe",
        type=_names,
        default=["knn", "linear"],
        metavar="NAMES",
        help="knn,linear if not given; also knn_K, linear_sgd, weighted (of all blocks), N-shot",
    )
    evaluate.add_argument(
        "--few-shot", type=_names, default=[], metavar="N,...", help="also with N labels a class"
    )
    _add_temperature(evaluate)
    evaluate.add_argument("--seed", type=int, default=0, help="of splits that must be drawn")
    evaluate.add_argument("--json", action="store_true", help="print one JSON object")

    finetune = _command(
        parsers,
        "finetune",
        commands.finetune,
        "train the encoder on with labels, to a classifier",
        "mmssl finetune runs/simclr --data.source fashion/ --labels-share 0.01 --from-scratch\n"
        "mmssl finetune runs/speech --data.source clips/ --data.labels clips/labels.tsv \\\n"
        "    --labels-per-class 10\n"
        "mmssl finetune runs/photos --data.train train/ --data.test test/ \\\n"
        "    --data.label_column folder",
    )
    _add_run(finetune)
    _add_labelled_data(finetune)
    _add_limit(finetune)
    few = finetune.add_mutually_exclusive_group()
    few.add_argument("--labels-share", type=float, metavar="F", help="use so many, such as 0.01")
    few.add_argument("--labels-per-class", type=int, metavar="N", help="use N of each class")
    finetune.add_argument(
        "--draws", type=int, default=3, help="how often these are drawn; 3 if not given"
    )
    finetune.add_argument(
        "--from-scratch", action="store_true", help="train the same network from new weights too"
    )
    finetune.add_argument("--steps", type=int, help="500, or ten times round the labels")
    finetune.add_argument("--batch-size", type=int, default=64)
    finetune.add_argument("--learning-rate", type=float, default=1e-3)
    finetune.add_argument("--weight-decay", type=float, default=0.0)
    finetune.add_argument("--layer", help="block to end the encoder after, or whole")
    finetune.add_argument("--seed", type=int, default=0, help="of draws, weights and order")
    finetune.add_argument("--json", action="store_true", help="print one JSON object")

    compare = _command(
        parsers,
        "compare",
        commands.compare,
        "put runs side by side: probes, seconds, parameters, RankMe",
        "mmssl compare runs/simclr-* runs/byol-* --out comparison.html\n"
        "mmssl compare runs/simclr runs/byol --data.source fashion/ --data.limit 10000 --json",
    )
    compare.add_argument("folders", metavar="RUN", nargs="+", help="run folders")
    _add_labelled_data(compare)
    _add_limit(compare)
    compare.add_argument(
        "--probe",
        type=_names,
        metavar="NAMES",
        help="as of evaluate; all that are kept if not given",
    )
    _add_temperature(compare)
    compare.add_argument("--seed", type=int, default=0, help="of splits that must be drawn")
    compare.add_argument("--json", action="store_true", help="print one JSON object")
    compare.add_argument(
        "--out", default="comparison.html", help="page to write; comparison.html if not given"
    )

    report = _command(
        parsers, "report", commands.report, "write report.html anew", "mmssl report runs/speech"
    )
    _add_run(report)
    _add_labelled_data(report)

    export = _command(
        parsers,
        "export",
        commands.export,
        "write the encoder for deployment, run what was written and compare",
        "mmssl export runs/speech --format saved_model\n"
        "mmssl export runs/speech --format litert --out speech.tflite\n"
        "mmssl export runs/data2vec --format litert --layer block_3\n"
        "mmssl export runs/simclr --format litert --part classifier",
    )
    _add_run(export)
    export.add_argument("--format", required=True, help="saved_model, litert or onnx")
    export.add_argument("--layer", help="block to end the encoder after, or whole")
    export.add_argument(
        "--part",
        choices=["encoder", "classifier", "generator"],
        default="encoder",
        help="classifier: what `mmssl finetune` made; generator: one step of a WaveNet, its "
        "state in and out",
    )
    export.add_argument("--out", help="path to write; in the run folder if not given")

    embed = _command(
        parsers,
        "embed",
        commands.embed,
        "turn files into vectors",
        "mmssl embed runs/speech clips/*.wav --out vectors.npz\n"
        "mmssl embed runs/speech recordings/ --out vectors.npz",
    )
    _add_run(embed)
    embed.add_argument("files", nargs="+", help="files, folders, globs or tables")
    embed.add_argument("--out", required=True, help=".npz to write: names (N,), vectors (N, D)")
    embed.add_argument("--layer", help="block whose output, pooled, is the vector; or whole")

    fill_mask = _command(
        parsers,
        "fill-mask",
        commands.fill_mask,
        "let a masked language model fill [MASK]",
        'mmssl fill-mask runs/bert "The [MASK] sat on the mat"',
    )
    _add_run(fill_mask)
    fill_mask.add_argument("text", help="text with one or more [MASK]")
    fill_mask.add_argument("--top", type=int, default=5, help="answers a mask")

    colorize = _command(
        parsers,
        "colorize",
        commands.colorize,
        "paint grey pictures",
        "mmssl colorize runs/colorization photo.jpg --out painted/",
    )
    _add_run(colorize)
    colorize.add_argument("files", nargs="+", help="files, folders or globs")
    colorize.add_argument("--out", default="colorized", help="folder for the PNG files")

    generate = _command(
        parsers,
        "generate",
        commands.generate,
        "let a generative model go on from a prompt, in sound or in text",
        "mmssl generate runs/wavenet --seconds 4 --prompt x.wav --temperature 0.9 --out y.wav\n"
        'mmssl generate runs/gpt --tokens 200 --prompt "ROMEO:" --top-p 0.9',
    )
    _add_run(generate)
    generate.add_argument("--prompt", help="sound file, or text, to go on from")
    generate.add_argument("--count", type=int, help="how many; 1 if not given")
    generate.add_argument("--temperature", type=float, help="1 as learned, less is likelier")
    generate.add_argument("--seed", type=int, help="of the draws; 0 if not given")
    sound = generate.add_argument_group("sound")
    sound.add_argument("--seconds", type=float, help="behind the prompt; 4 if not given")
    sound.add_argument("--out", help="file to write; generated.wav if not given")
    sound.add_argument("--speaker", help="a speaker's name, where the run was trained with them")
    sound.add_argument("--like", help="sound whose log-mel frames lead, where trained with them")
    text = generate.add_argument_group("text")
    text.add_argument("--tokens", type=int, help="most tokens to add; 100 if not given")
    text.add_argument("--top-k", type=int, help="draw from the K likeliest tokens")
    text.add_argument("--top-p", type=float, help="draw from the likeliest that make up P")
    text.add_argument("--beams", type=int, help="search with so many beams, without drawing")

    inpaint = _command(
        parsers,
        "inpaint",
        commands.inpaint,
        "hide a region of pictures and fill it",
        "mmssl inpaint runs/inpainting photo.jpg --out filled/",
    )
    _add_run(inpaint)
    inpaint.add_argument("files", nargs="+", help="files, folders or globs")
    inpaint.add_argument("--out", default="inpainted", help="folder for the PNG files")

    listing = _command(
        parsers,
        "list",
        commands.list_recipes,
        "list the recipes, or one recipe's keys",
        "mmssl list audio/cpc",
    )
    listing.add_argument("recipe", nargs="?", help="a recipe, to see its keys and defaults")

    _command(parsers, "doctor", commands.doctor, "show versions, devices and disk", "mmssl doctor")
    demo = _command(
        parsers, "demo", commands.demo, "the whole way on built-in audio, in minutes", "mmssl demo"
    )
    demo.add_argument("--out", default="runs/demo", help="run folder")
    return parser


def _command(parsers, name, run, summary, example):
    command = parsers.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}.",
        epilog="examples:\n  " + example.replace("\n", "\n  "),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.set_defaults(run=run)
    return command


def _add_run(command):
    command.add_argument("folder", metavar="RUN", help="run folder")


def _add_labelled_data(command):
    group = command.add_argument_group("labelled data")
    for key, text in {
        "source": "folder, glob, table, archive or builtin:NAME",
        "labels": "table with a column file and one or more of labels",
        "label_column": "column to predict; `folder` for one folder a class",
        "split_column": "column that tells train from test",
        "train": "source to train the probe on, instead of a split",
        "test": "source to test it on",
    }.items():
        group.add_argument(f"--data.{key}", dest=key, metavar=key.upper(), help=text)


def _names(text):
    return [name.strip() for name in text.split(",") if name.strip()]


def _add_temperature(command):
    command.add_argument(
        "--temperature", type=float, default=0.07, help="of the votes of kNN; 0.07 if not given"
    )


def _add_limit(command):
    command.add_argument(
        "--data.limit",
        dest="limit",
        type=int,
        metavar="N",
        help="train on the first N training items alone",
    )


if __name__ == "__main__":
    sys.exit(main())
