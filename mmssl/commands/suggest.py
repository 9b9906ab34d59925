"""Suggest what to run on some data in some minutes, and say why."""

import dataclasses
import json

EXAMPLES = """mmssl suggest photos/ --minutes 20
mmssl suggest passages.tsv --quick --json
`mmssl pretrain auto --data.source photos/ --fit.minutes 20` runs what is suggested."""


def add_arguments(parser):
    parser.add_argument("source", help="folder, glob, table, archive or builtin:NAME")
    parser.add_argument("--minutes", type=float, help="for the steps; those of the recipe if none")
    parser.add_argument(
        "--quick", action="store_true", help="do not time its first steps on this machine"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options):
    from mmssl.suggest import suggest

    suggestion = suggest(options.source, options.minutes)
    if not options.json:
        print("\n".join(suggestion.sentences()), flush=True)
    measure = suggestion.recipe is not None and not options.quick
    expected, refused = _measured(suggestion) if measure else (None, None)
    if options.json:
        print(json.dumps({**suggestion.as_dict(), "expected": expected, "refused": refused}))
    elif refused:
        print(f"note: as it is, a run would be refused: {refused}")
    elif expected:
        print(_told(expected, suggestion.machine))


def _measured(suggestion):
    """Times the first steps of what is suggested.

    Returns:
        Pair of a dict of JSON values, or None, and of why a run would be refused, or None.
    """
    from mmssl.quiet import load_tensorflow, quiet_logger

    load_tensorflow()
    from mmssl.training.estimate import estimate

    look = suggestion.look
    try:
        with quiet_logger("mmssl.pipelines.sources"):  # what is left out has been named
            found = estimate(
                suggestion.recipe, suggestion.overrides, look.count, suggestion.elements
            )
    except ValueError as error:
        return None, " ".join(str(error).split())
    return {**dataclasses.asdict(found), "minutes": found.minutes}, None


def _told(expected, machine):
    gigabytes = f"{expected['memory'] / 2**30:.1f} GiB of memory"
    if expected["gpu_memory"]:
        gigabytes += f", {expected['gpu_memory'] / 2**30:.1f} GiB of the GPU's"
    if machine.memory and expected["memory"] > machine.memory:
        gigabytes += ", which this machine does not have: lower data.batch_size"
    return (
        f"expect, by its first steps timed here: {expected['minutes']:.1f} minutes for "
        f"{expected['steps']} steps of {expected['step_seconds']:.2f} s, "
        f"{expected['epochs']:.1f} epochs, {gigabytes}; reading the data before and the report "
        "after come on top"
    )
