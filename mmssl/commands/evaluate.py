"""Probe an encoder against the same encoder untrained and the raw input."""

import json

from mmssl.commands import arguments

EXAMPLES = r"""mmssl evaluate runs/speech --data.source clips/ --data.labels clips/labels.tsv \
    --data.label_column digit --json
mmssl evaluate runs/simclr --data.source fashion/ --data.limit 10000 --few-shot 1,5,10
mmssl evaluate runs/data2vec --data.source clips/ --probe linear,weighted --layer all
mmssl evaluate runs/speech --step 2000"""


def add_arguments(parser):
    arguments.add_run(parser)
    arguments.add_step(parser)
    arguments.add_labeled_data(parser)
    arguments.add_limit(parser)
    arguments.add_layer(parser, "block to probe, such as block_3; whole, or all")
    parser.add_argument(
        "--probe",
        type=arguments.names,
        default=["knn", "linear"],
        metavar="NAMES",
        help="knn,linear if not given; also knn_K, linear_sgd, weighted (of all blocks), N-shot",
    )
    parser.add_argument(
        "--few-shot",
        type=arguments.names,
        default=[],
        metavar="N,...",
        help="also with N labels per class",
    )
    arguments.add_temperature(parser)
    parser.add_argument("--seed", type=int, default=0, help="of random splits")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options):
    from mmssl.evaluation import evaluate
    from mmssl.evaluation.probes.table import print_table
    from mmssl.training.progress import stages

    run = arguments.run_of(options)
    with stages() as progress:
        result = evaluate(
            run,
            arguments.labeled_data(options),
            probes=[*options.probe, *(f"{shots}-shot" for shots in options.few_shot)],
            layer=arguments.layer_of(options, run),
            seed=options.seed,
            progress=progress,
            temperature=options.temperature,
        )
    if options.json:
        print(json.dumps(result))
    else:
        print_table(result)
