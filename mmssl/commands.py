"""What each command does; TensorFlow is imported inside, so that `--help` comes at once."""

import json
from pathlib import Path


def pretrain(options):
    from mmssl.training.finish import finish
    from mmssl.training.run import pretrain

    out = options.out or Path("runs") / options.recipe.replace("/", "-").removesuffix(".yaml")
    run = pretrain(options.recipe, out, options.overrides, options.quiet)
    finish(run, options.quiet)


def evaluate(options):
    from mmssl.evaluation.probe import evaluate
    from mmssl.evaluation.table import print_table
    from mmssl.training.progress import stages
    from mmssl.training.run import Run

    run = Run.load(options.folder)
    with stages() as progress:
        result = evaluate(
            run,
            _wanted(options),
            layer=_layer(options, run),
            seed=options.seed,
            progress=progress,
            probes=[*options.probe, *(f"{shots}-shot" for shots in options.few_shot)],
            temperature=options.temperature,
        )
    if options.json:
        print(json.dumps(result))
    else:
        print_table(result)


def finetune(options):
    from mmssl.evaluation.finetune import finetune
    from mmssl.evaluation.table import print_fine_tuning
    from mmssl.training.progress import counting
    from mmssl.training.run import Run

    run = Run.load(options.folder)
    with counting("fine-tuning", "steps") as (_, progress):
        result = finetune(
            run,
            _wanted(options),
            share=options.labels_share,
            per_class=options.labels_per_class,
            draws=options.draws,
            from_scratch=options.from_scratch,
            steps=options.steps,
            batch_size=options.batch_size,
            learning_rate=options.learning_rate,
            weight_decay=options.weight_decay,
            layer=_layer(options, run),
            seed=options.seed,
            progress=progress,
        )
    if options.json:
        print(json.dumps(result))
        return
    print_fine_tuning(result)
    print(f"{run.files.classifier}, its classes in {run.files.classes}")


def compare(options):
    from mmssl.evaluation.compare import compare
    from mmssl.evaluation.comparison import print_comparison, write_comparison
    from mmssl.training.progress import stages
    from mmssl.training.run import Run

    runs = [Run.load(folder) for folder in options.folders]
    with stages() as progress:
        compared = compare(
            runs,
            _wanted(options),
            options.probe,
            options.seed,
            progress,
            temperature=options.temperature,
        )
    path = write_comparison(compared, options.out)
    if options.json:
        print(json.dumps(compared))
        return
    print_comparison(compared)
    print(path)


def _wanted(options):
    from mmssl.evaluation.labelled import LabelledData

    keys = ("source", "labels", "label_column", "split_column", "train", "test", "limit")
    return LabelledData(**{key: getattr(options, key, None) for key in keys})


def _layer(options, run):
    return {None: run.layer, "whole": None}.get(options.layer, options.layer)


def report(options):
    from mmssl.evaluation.report import write_report
    from mmssl.training.run import Run

    print(write_report(Run.load(options.folder), _wanted(options)))


def export(options):
    from mmssl.deploy import export_classifier, export_generator, export_run
    from mmssl.training.run import Run

    run = Run.load(options.folder)
    if options.part == "generator":
        result = export_generator(run, options.format, options.out)
    elif options.part == "classifier":
        result = export_classifier(run, options.format, options.out)
    else:
        result = export_run(run, options.format, options.out, _layer(options, run))
    print(
        f"{result.path}: {result.bytes / 1e6:.1f} MB, differs from Keras by at most "
        f"{result.difference:.1e}, {result.seconds:.0f} s"
    )


def embed(options):
    from mmssl.apply.embed import embed_files
    from mmssl.training.run import Run

    run = Run.load(options.folder)
    count, width = embed_files(run, options.files, options.out, _layer(options, run))
    print(f"{options.out}: {count} vectors of {width}")


def fill_mask(options):
    from mmssl.apply.fill_mask import fill_mask, print_fills
    from mmssl.training.run import Run

    print_fills(fill_mask(Run.load(options.folder), options.text, options.top))


def colorize(options):
    from mmssl.apply.colorize import colorize_files
    from mmssl.training.run import Run

    for path in colorize_files(Run.load(options.folder), options.files, options.out):
        print(path)


def generate(options):
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


def inpaint(options):
    from mmssl.apply.inpaint import inpaint_files
    from mmssl.training.run import Run

    for path in inpaint_files(Run.load(options.folder), options.files, options.out):
        print(path)


def list_recipes(options):
    from mmssl.training.listing import print_recipe, print_recipes

    if options.recipe:
        print_recipe(options.recipe)
    else:
        print_recipes()


def doctor(options):
    from mmssl.doctor import print_doctor

    print_doctor()


def demo(options):
    from mmssl.demo import demo

    demo(options.out)
