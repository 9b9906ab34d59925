"""The command line: `mmssl COMMAND ...`. TensorFlow is imported inside a command, not before."""

import argparse
import json
import os
import sys
from pathlib import Path

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
    if overrides and options.run is not _pretrain:
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
        print(f"mmssl: stopped{kept if options.run is _pretrain else ''}.", file=sys.stderr)
        return 130
    return 0


def _parser():
    parser = argparse.ArgumentParser(
        prog="mmssl",
        description="Pretrain encoders of audio, text and images on unlabelled data.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    pretrain = _command(
        commands,
        "pretrain",
        _pretrain,
        "train a recipe in a run folder, or go on with a run that was stopped",
        "mmssl pretrain audio/cpc --data.source recordings/ --fit.minutes 10 --out runs/speech\n"
        "Every key of the recipe can follow as an option: --data.KEY, --method.KEY,\n"
        "--method.encoder.KEY, --fit.KEY; `mmssl list audio/cpc` shows them.",
    )
    pretrain.add_argument("recipe", help="name of a recipe (see `mmssl list`) or a YAML file")
    pretrain.add_argument("--out", help="run folder; runs/RECIPE if not given")
    pretrain.add_argument("--quiet", action="store_true", help="print nothing but errors")

    evaluate = _command(
        commands,
        "evaluate",
        _evaluate,
        "probe an encoder beside the same one untrained and the raw input",
        "mmssl evaluate runs/speech --data.source clips/ --data.labels clips/labels.tsv \\\n"
        "    --data.label_column digit --json\n"
        "mmssl evaluate runs/simclr --data.source fashion/ --data.limit 10000 --few-shot 1,5,10\n"
        "mmssl evaluate runs/data2vec --data.source clips/ --probe linear,weighted --layer all",
    )
    _add_run(evaluate)
    _add_labelled_data(evaluate)
    _add_limit(evaluate)
    evaluate.add_argument("--layer", help="block to probe, such as block_3, or all")
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
    evaluate.add_argument(
        "--temperature", type=float, default=0.07, help="of the votes of kNN; 0.07 if not given"
    )
    evaluate.add_argument("--seed", type=int, default=0, help="of splits that must be drawn")
    evaluate.add_argument("--json", action="store_true", help="print one JSON object")

    report = _command(
        commands, "report", _report, "write report.html anew", "mmssl report runs/speech"
    )
    _add_run(report)
    _add_labelled_data(report)

    export = _command(
        commands,
        "export",
        _export,
        "write the encoder for deployment, run what was written and compare",
        "mmssl export runs/speech --format saved_model\n"
        "mmssl export runs/speech --format litert --out speech.tflite",
    )
    _add_run(export)
    export.add_argument("--format", required=True, help="saved_model, litert or onnx")
    export.add_argument("--layer", help="block to end the encoder after")
    export.add_argument(
        "--part",
        choices=["encoder", "generator"],
        default="encoder",
        help="generator: one step of a WaveNet, its state in and out",
    )
    export.add_argument("--out", help="path to write; in the run folder if not given")

    embed = _command(
        commands,
        "embed",
        _embed,
        "turn files into vectors",
        "mmssl embed runs/speech clips/*.wav --out vectors.npz\n"
        "mmssl embed runs/speech recordings/ --out vectors.npz",
    )
    _add_run(embed)
    embed.add_argument("files", nargs="+", help="files, folders, globs or tables")
    embed.add_argument("--out", required=True, help=".npz to write: names (N,), vectors (N, D)")
    embed.add_argument("--layer", help="block whose output, pooled, is the vector")

    fill_mask = _command(
        commands,
        "fill-mask",
        _fill_mask,
        "let a masked language model fill [MASK]",
        'mmssl fill-mask runs/bert "The [MASK] sat on the mat"',
    )
    _add_run(fill_mask)
    fill_mask.add_argument("text", help="text with one or more [MASK]")
    fill_mask.add_argument("--top", type=int, default=5, help="answers a mask")

    colorize = _command(
        commands,
        "colorize",
        _colorize,
        "paint grey pictures",
        "mmssl colorize runs/colorization photo.jpg --out painted/",
    )
    _add_run(colorize)
    colorize.add_argument("files", nargs="+", help="files, folders or globs")
    colorize.add_argument("--out", default="colorized", help="folder for the PNG files")

    generate = _command(
        commands,
        "generate",
        _generate,
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
        commands,
        "inpaint",
        _inpaint,
        "hide a region of pictures and fill it",
        "mmssl inpaint runs/inpainting photo.jpg --out filled/",
    )
    _add_run(inpaint)
    inpaint.add_argument("files", nargs="+", help="files, folders or globs")
    inpaint.add_argument("--out", default="inpainted", help="folder for the PNG files")

    listing = _command(
        commands, "list", _list, "list the recipes, or one recipe's keys", "mmssl list audio/cpc"
    )
    listing.add_argument("recipe", nargs="?", help="a recipe, to see its keys and defaults")

    _command(commands, "doctor", _doctor, "show versions, devices and disk", "mmssl doctor")
    demo = _command(
        commands, "demo", _demo, "the whole way on built-in audio, in minutes", "mmssl demo"
    )
    demo.add_argument("--out", default="runs/demo", help="run folder")
    return parser


def _command(commands, name, run, summary, example):
    command = commands.add_parser(
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


def _add_limit(command):
    command.add_argument(
        "--data.limit",
        dest="limit",
        type=int,
        metavar="N",
        help="train on the first N training items alone",
    )


def _labelled(options):
    keys = ("labels", "label_column", "split_column", "train", "test")
    return {"source_spec": options.source, **{key: getattr(options, key) for key in keys}}


def _pretrain(options):
    from mmssl.training.finish import finish
    from mmssl.training.run import pretrain

    out = options.out or Path("runs") / options.recipe.replace("/", "-").removesuffix(".yaml")
    run = pretrain(options.recipe, out, options.overrides, options.quiet)
    finish(run, options.quiet)


def _evaluate(options):
    from mmssl.evaluation.probe import evaluate
    from mmssl.evaluation.table import print_table
    from mmssl.training.progress import stages
    from mmssl.training.run import Run

    run = Run.load(options.folder)
    layer = options.layer or run.layer
    with stages() as progress:
        result = evaluate(
            run,
            **_labelled(options),
            limit=options.limit,
            layer=layer,
            seed=options.seed,
            progress=progress,
            probes=[*options.probe, *(f"{shots}-shot" for shots in options.few_shot)],
            temperature=options.temperature,
        )
    if options.json:
        print(json.dumps(result))
    else:
        print_table(result)


def _report(options):
    from mmssl.evaluation.report import write_report
    from mmssl.training.run import Run

    print(write_report(Run.load(options.folder), **_labelled(options)))


def _export(options):
    from mmssl.deploy import export_generator, export_run
    from mmssl.training.run import Run

    run = Run.load(options.folder)
    if options.part == "generator":
        result = export_generator(run, options.format, options.out)
    else:
        result = export_run(run, options.format, options.out, options.layer or run.layer)
    print(
        f"{result.path}: {result.bytes / 1e6:.1f} MB, differs from Keras by at most "
        f"{result.difference:.1e}, {result.seconds:.0f} s"
    )


def _embed(options):
    from mmssl.apply.embed import embed_files
    from mmssl.training.run import Run

    run = Run.load(options.folder)
    count, width = embed_files(run, options.files, options.out, options.layer or run.layer)
    print(f"{options.out}: {count} vectors of {width}")


def _fill_mask(options):
    from mmssl.apply.fill_mask import fill_mask, print_fills
    from mmssl.training.run import Run

    print_fills(fill_mask(Run.load(options.folder), options.text, options.top))


def _colorize(options):
    from mmssl.apply.colorize import colorize_files
    from mmssl.training.run import Run

    for path in colorize_files(Run.load(options.folder), options.files, options.out):
        print(path)


def _generate(options):
    from mmssl.apply.generate import generator_of
    from mmssl.training.progress import counting
    from mmssl.training.run import Run

    kind, generate, given = generator_of(Run.load(options.folder), vars(options))
    if kind == "text":
        print("\n\n".join(generate(**given)))
        return
    with counting("generating", "samples") as (tell, progress):
        paths = generate(**given, tell=tell, progress=progress)
    print(*paths, sep="\n")


def _inpaint(options):
    from mmssl.apply.inpaint import inpaint_files
    from mmssl.training.run import Run

    for path in inpaint_files(Run.load(options.folder), options.files, options.out):
        print(path)


def _list(options):
    from mmssl.training.listing import print_recipe, print_recipes

    if options.recipe:
        print_recipe(options.recipe)
    else:
        print_recipes()


def _doctor(options):
    from mmssl.doctor import print_doctor

    print_doctor()


def _demo(options):
    from mmssl.demo import demo

    demo(options.out)


if __name__ == "__main__":
    sys.exit(main())
