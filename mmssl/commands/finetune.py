"""Fine-tune the encoder to a classifier on labeled data."""

import json

from mmssl.commands import arguments

EXAMPLES = r"""mmssl finetune runs/simclr --data.source fashion/ --label-fraction 0.01 \
    --from-scratch
mmssl finetune runs/speech --data.source clips/ --data.labels clips/labels.tsv \
    --labels-per-class 10
mmssl finetune runs/photos --data.train train/ --data.test test/ \
    --data.label_column folder"""


def add_arguments(parser):
    arguments.add_run(parser)
    arguments.add_labeled_data(parser)
    arguments.add_limit(parser)
    few = parser.add_mutually_exclusive_group()
    few.add_argument(
        "--label-fraction",
        type=float,
        metavar="F",
        help="fraction of the labels to use, such as 0.01",
    )
    few.add_argument("--labels-per-class", type=int, metavar="N", help="use N labels per class")
    parser.add_argument(
        "--draws", type=int, default=3, help="random draws of these labels; 3 if not given"
    )
    parser.add_argument(
        "--from-scratch", action="store_true", help="also train the same network from scratch"
    )
    parser.add_argument(
        "--steps", type=int, help="ten epochs over the labels, but at least 500, if not given"
    )
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--weight-decay", type=float, default=0.0)
    arguments.add_layer(parser, "block to cut the encoder after, or whole")
    parser.add_argument("--seed", type=int, default=0, help="of draws, weights and order")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options):
    from mmssl.evaluation import finetune
    from mmssl.evaluation.probes.table import print_fine_tuning
    from mmssl.training.progress import counting

    run = arguments.run_of(options)
    with counting("fine-tuning", "steps") as (_, progress):
        result = finetune(
            run,
            arguments.labeled_data(options),
            label_fraction=options.label_fraction,
            labels_per_class=options.labels_per_class,
            draws=options.draws,
            from_scratch=options.from_scratch,
            steps=options.steps,
            batch_size=options.batch_size,
            learning_rate=options.learning_rate,
            weight_decay=options.weight_decay,
            layer=arguments.layer_of(options, run),
            seed=options.seed,
            progress=progress,
        )
    if options.json:
        print(json.dumps(result))
        return
    print_fine_tuning(result)
    print(f"{run.files.classifier}, its classes in {run.files.classes}")
