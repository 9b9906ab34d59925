"""Train a recipe in a run folder, or resume a run that was stopped."""

import signal
from pathlib import Path

from mmssl.commands import arguments

EXAMPLES = """mmssl pretrain audio/cpc --data.source recordings/ --fit.minutes 10 --out runs/speech
mmssl pretrain vision/simclr --data.source photos/ --probe.online.source labeled/ \\
    --probe.online.label_column folder
Every key of the recipe can be given as an option: --data.KEY, --method.KEY,
--method.encoder.KEY, --fit.KEY; `mmssl list audio/cpc` shows them."""

REPORTING = "stopped after the training, which is complete: the same command writes the report."


def add_arguments(parser):
    parser.add_argument("recipe", help="name of a recipe (see `mmssl list`) or a YAML file")
    parser.add_argument("--out", help="run folder; runs/RECIPE if not given")
    parser.add_argument(
        "--data-changed",
        choices=("refuse", "accept"),
        default="refuse",
        help="whether a run goes on where files were added, removed or edited since it began",
    )
    parser.add_argument("--quiet", action="store_true", help="print nothing but errors")
    arguments.add_trust(parser)


def run(options):
    from mmssl.stopping import StoppedError
    from mmssl.training.finish import finish
    from mmssl.training.loop import pretrain

    out = options.out or Path("runs") / arguments.name_of(options.recipe)
    run = pretrain(
        options.recipe,
        out,
        options.overrides,
        options.quiet,
        data_changed=options.data_changed,
        trust=options.trust,
    )
    try:
        finish(run, options.quiet)
    except KeyboardInterrupt as stopped:
        raise StoppedError(REPORTING, getattr(stopped, "number", signal.SIGINT)) from None
