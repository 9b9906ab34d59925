"""Probe an encoder against the same encoder untrained and the raw input."""

import json

from mmssl.commands import arguments

EXAMPLES = r"""mmssl evaluate runs/speech --data.source clips/ --data.labels clips/labels.tsv \
    --data.label_column digit --json
mmssl evaluate runs/simclr --data.source fashion/ --data.limit 10000 --few-shot 1,5,10
mmssl evaluate runs/data2vec --data.source clips/ --probe linear,weighted --layer all
mmssl evaluate runs/speech --step 2000
mmssl evaluate runs/words --similarity wordsim353.tsv --analogies questions-words.txt"""


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
    for name, text in {
        "similarity": "pairs of words with a score, for the rank correlation with cosines",
        "analogies": "questions of four words a line, as word2vec's questions-words.txt",
    }.items():
        parser.add_argument(
            f"--{name}",
            type=arguments.names,
            default=[],
            metavar="FILE,...",
            help=f"of word vectors: {text}; without --data, nothing else is measured",
        )
    arguments.add_temperature(parser)
    parser.add_argument("--seed", type=int, default=0, help="of random splits")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options):
    run = arguments.run_of(options)
    words = _words(options, run)
    result = {"words": words} if words else {}
    if not words or not arguments.labeled_data(options).is_empty():
        result |= _probe(options, run)
    if options.json:
        print(json.dumps(result))


def _words(options, run):
    """Measures similarity and analogies; returns the results, none if they are not asked for."""
    if not (options.similarity or options.analogies):
        return []
    from mmssl.evaluation.words.measure import measure_words, print_words

    results = measure_words(run, options.similarity, options.analogies)
    if not options.json:
        print_words(results)
    return results


def _probe(options, run):
    from mmssl.evaluation import evaluate
    from mmssl.evaluation.probes.table import print_table
    from mmssl.training.progress import stages

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
    if not options.json:
        print_table(result)
    return result
