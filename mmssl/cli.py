"""The command line, `mmssl COMMAND ...`; TensorFlow is imported to run a command, not for help."""

import argparse
import importlib
import sys
import textwrap

from mmssl.quiet import load_tensorflow
from mmssl.stopping import StoppedError, at_once

COMMANDS = (  # files of mmssl/commands, in the order of the help
    "suggest",
    "prepare",
    "pretrain",
    "launch",
    "sweep",
    "data_service",
    "evaluate",
    "finetune",
    "compare",
    "runs",
    "report",
    "export",
    "serve",
    "embed",
    "index",
    "search",
    "duplicates",
    "classify",
    "retrieve",
    "fill",
    "fill_mask",
    "neighbors",
    "analogy",
    "colorize",
    "generate",
    "inpaint",
    "tokenize",
    "reconstruct",
    "restore",
    "list",
    "doctor",
    "demo",
)

# They answer at once; a recipe's keys need it, see list, and the timing of steps, see suggest.
WITHOUT_TENSORFLOW = ("launch", "list", "runs", "suggest")

EXAMPLES = """examples:
  mmssl list
  mmssl suggest recordings/ --minutes 20
  mmssl prepare recordings/ shards/ --shards 64 --encoding flac
  mmssl pretrain audio/cpc --data.source recordings/ --out runs/speech
  mmssl evaluate runs/speech --data.source clips/ --data.labels clips/labels.tsv
  mmssl embed runs/speech clips/*.wav --out vectors.npz
  mmssl index runs/speech clips/ --out clips.index
  mmssl search clips.index query.wav --out found.html
  mmssl export runs/speech --format litert
"""


def main(arguments=None):
    """Runs a command.

    Args:
        arguments: list of str; None for those of the process.

    Returns:
        int, the exit status: 0 on success, 2 for wrong input, 130 after Ctrl-C, 143 after SIGTERM.
    """
    parser = _parser()
    options, overrides = parser.parse_known_args(arguments)
    if overrides and options.command not in ("pretrain", "sweep"):
        parser.error(f"unrecognized arguments: {' '.join(overrides)}")
    options.overrides = overrides
    try:
        with at_once():
            return _run(options)
    except StoppedError as stopped:
        print(f"mmssl: {stopped}", file=sys.stderr)
        return stopped.status
    except KeyboardInterrupt:
        print(f"mmssl: {StoppedError()}", file=sys.stderr)
        return StoppedError().status


def _run(options):
    if options.command not in WITHOUT_TENSORFLOW:
        load_tensorflow()
    try:
        return options.run(options) or 0
    except (ValueError, ImportError, OSError) as error:
        print(f"mmssl: {' '.join(str(error).split())}", file=sys.stderr)
        return 2


def _parser():
    parser = argparse.ArgumentParser(
        prog="mmssl",
        description="Pretrain encoders of audio, text and images on unlabeled data.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(
        dest="command", title="commands", metavar="COMMAND", required=True
    )
    for name in COMMANDS:
        _add(commands, name.replace("_", "-"), importlib.import_module(f"mmssl.commands.{name}"))
    return parser


def _add(commands, name, module):
    description = module.__doc__.splitlines()[0]
    parser = commands.add_parser(
        name,
        allow_abbrev=False,  # options of recipes begin alike, such as --data and --data-changed
        help=f"{description[0].lower()}{description[1:].removesuffix('.')}",
        description=description,
        epilog="examples:\n" + textwrap.indent(module.EXAMPLES, "  "),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    module.add_arguments(parser)
    parser.set_defaults(run=module.run)


if __name__ == "__main__":
    sys.exit(main())
