"""Pretrain a recipe with every combination of some settings and seeds, and compare the runs."""

import sys

from mmssl.commands import arguments

EXAMPLES = """mmssl sweep vision/simclr --set method.temperature=0.1,0.2,0.5 --seeds 3
mmssl sweep audio/cpc --set fit.learning_rate=1e-3,3e-4 --set data.batch_size=8,16 \\
    --data.source recordings/ --fit.steps 500
Every other key of the recipe can be given as for pretrain. The same command goes on with a sweep
that was stopped, and trains what is new where values were added."""


def add_arguments(parser):
    parser.add_argument("recipe", help="name of a recipe (see `mmssl list`) or a YAML file")
    parser.add_argument(
        "--set",
        action="append",
        required=True,
        metavar="KEY=VALUE,...",
        help="values of a key of the recipe to try; may be repeated, for their combinations",
    )
    parser.add_argument(
        "--seeds", type=int, default=1, metavar="N", help="seeds 0 to N - 1 of each"
    )
    parser.add_argument("--out", help="folder for the run folders; runs/sweep-RECIPE if not given")
    parser.add_argument("--quiet", action="store_true", help="print only what is compared")
    arguments.add_trust(parser)


def run(options):
    from mmssl.evaluation import compare
    from mmssl.evaluation.report.comparison import print_comparison, write_comparison
    from mmssl.training.sweep import sweep

    out = options.out or f"runs/sweep-{arguments.name_of(options.recipe)}"
    settings = dict(map(_setting, options.set))
    ended, failed = sweep(
        options.recipe,
        settings,
        out,
        options.overrides,
        options.seeds,
        options.quiet,
        options.trust,
        tell=lambda sentence: print(sentence, file=sys.stderr),
    )
    if not any(run.files.metrics.exists() for run in ended):
        print(f"no labels, no comparison: mmssl compare {out} --data.source LABELED")
    else:
        compared = compare(ended)
        print_comparison(compared)
        print(write_comparison(compared, f"{out}/comparison.html"))
    if failed:
        raise ValueError(
            f"{len(failed)} runs failed, the first with: {next(iter(failed.values()))}"
        )


def _setting(text):
    """Reads "method.temperature=0.1,0.2"; lists and null are written as in YAML."""
    import yaml

    key, equals, values = text.partition("=")
    try:
        loaded = yaml.safe_load(f"[{values}]")
    except yaml.YAMLError:
        loaded = None
    if not key or not equals or not loaded:
        raise ValueError(f"--set {text}: give a key and its values, such as fit.epochs=5,10.")
    return key.removeprefix("--"), loaded
