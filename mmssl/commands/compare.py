"""Compare runs side by side: probes, seconds, parameters, RankMe."""

import json
import sys
from pathlib import Path

from mmssl.commands import arguments

EXAMPLES = """mmssl compare runs/simclr-* runs/byol-* --out comparison.html
mmssl compare runs/
mmssl compare runs/simclr runs/byol --data.source fashion/ --data.limit 10000 --json"""


def add_arguments(parser):
    parser.add_argument("folders", metavar="RUN", nargs="+", help="run folders, or folders of runs")
    arguments.add_trust(parser)
    arguments.add_labeled_data(parser)
    arguments.add_limit(parser)
    parser.add_argument(
        "--probe",
        type=arguments.names,
        metavar="NAMES",
        help="as for evaluate; all stored ones if not given",
    )
    arguments.add_temperature(parser)
    parser.add_argument("--seed", type=int, default=0, help="of random splits")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--out", default="comparison.html", help="page to write; comparison.html if not given"
    )


def run(options):
    from mmssl.evaluation import compare
    from mmssl.evaluation.report.comparison import print_comparison, write_comparison
    from mmssl.runs import Run
    from mmssl.training.progress import stages

    runs = [Run.load(folder, options.trust) for folder in _ended(options.folders)]
    with stages() as progress:
        compared = compare(
            runs,
            arguments.labeled_data(options),
            probes=options.probe,
            seed=options.seed,
            progress=progress,
            temperature=options.temperature,
        )
    path = write_comparison(compared, options.out)
    if options.json:
        print(json.dumps(compared))
        return
    print_comparison(compared)
    print(path)


def _ended(folders):
    """Lists run folders, those inside of other folders included; these only if they have ended."""
    from mmssl.overview import find_runs

    found = []
    for folder in folders:
        inside = find_runs(folder)
        ended = [run for run in inside if (run / "encoder.keras").exists()]
        named = inside == [Path(folder)]  # a run that has not ended is refused by its name
        if len(ended) < len(inside) and not named:
            print(f"{folder}: left out as not ended: {len(inside) - len(ended)}", file=sys.stderr)
        found += inside if named else ended
    return list(dict.fromkeys(found))
