"""List the words nearest to a word."""

import json

from mmssl.commands import arguments

EXAMPLES = """mmssl neighbors runs/words ship
mmssl neighbors runs/words ship --top 5 --json"""


def add_arguments(parser):
    arguments.add_run(parser)
    arguments.add_step(parser)
    parser.add_argument("word", help="a word of the vocabulary")
    arguments.add_found_words(parser)


def run(options):
    from mmssl.apply.words import neighbors, print_words_found

    found = neighbors(arguments.run_of(options), options.word, options.top)
    if options.json:
        print(json.dumps({"word": options.word, "neighbors": found}))
    else:
        print_words_found(found)
