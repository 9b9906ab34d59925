"""Compare runs side by side: probes, seconds, parameters, RankMe."""

import json

from mmssl.commands import arguments

EXAMPLES = """mmssl compare runs/simclr-* runs/byol-* --out comparison.html
mmssl compare runs/simclr runs/byol --data.source fashion/ --data.limit 10000 --json"""


def add_arguments(parser):
    parser.add_argument("folders", metavar="RUN", nargs="+", help="run folders")
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

    runs = [Run.load(folder, options.trust) for folder in options.folders]
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
