"""Train a recipe in a run folder, or resume a run that was stopped."""

import signal
import sys
from pathlib import Path

from mmssl.commands import arguments

EXAMPLES = r"""mmssl pretrain audio/cpc --data.source recordings/ --fit.minutes 10 --out runs/speech
mmssl pretrain auto --data.source photos/ --fit.minutes 20
mmssl pretrain text/bert --data.source books/ --data.vocabulary bert/vocab.txt --out runs/books
mmssl pretrain vision/simclr --data.source photos/ --data.size 64 --out runs/mobilenet \
    --method.encoder mmssl.encoders.adapt \
    --method.encoder.model keras.applications.MobileNetV3Small --fit.logger mlflow
mmssl pretrain vision/simclr --data.source photos/ --probe.online.source labeled/ \
    --probe.online.label_column folder --fit.keep.every 1000 --fit.keep.best 3
Every key of the recipe can be given as an option: --data.KEY, --method.KEY,
--method.encoder.KEY, --fit.KEY; `mmssl list audio/cpc` shows them. With auto for a recipe,
what `mmssl suggest photos/ --minutes 20` suggests is run."""

REPORTING = "stopped after the training, which is complete: the same command writes the report."


def add_arguments(parser):
    parser.add_argument("recipe", help="name of a recipe (see `mmssl list`), a YAML file, or auto")
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
    import keras

    from mmssl.stopping import StoppedError
    from mmssl.strategy import read_cluster
    from mmssl.training.finish import finish, finish_on_tensorflow
    from mmssl.training.pretraining import pretrain

    out = options.out or Path("runs") / arguments.name_of(options.recipe)
    recipe, overrides = _chosen(options)
    run = pretrain(
        recipe,
        out,
        overrides,
        options.quiet,
        data_changed=options.data_changed,
        trust=options.trust,
    )
    if not read_cluster().is_chief:
        return 0
    try:
        if keras.backend.backend() != "tensorflow":
            return finish_on_tensorflow(run, options.quiet)
        finish(run, options.quiet)
        return 0
    except KeyboardInterrupt as stopped:
        raise StoppedError(REPORTING, getattr(stopped, "number", signal.SIGINT)) from None


def _chosen(options):
    """Returns recipe and overrides; for auto, those that suit the data, and says why."""
    if options.recipe != "auto":
        return options.recipe, options.overrides
    from mmssl.strategy import read_cluster
    from mmssl.suggest.auto import resolve

    if len(read_cluster().addresses) > 1:
        raise ValueError(
            "auto times steps on this machine alone: let `mmssl suggest` choose, and give the "
            "recipe that it names to the workers."
        )

    suggestion = resolve(options.overrides)
    if not options.quiet:
        print("\n".join(suggestion.sentences()), file=sys.stderr)
    return suggestion.recipe, suggestion.overrides
