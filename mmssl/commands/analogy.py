"""List the words that are to C as B is to A."""

import json

from mmssl.commands import arguments

EXAMPLES = """mmssl analogy runs/words man king woman
mmssl analogy runs/words walk walked talk --top 3 --json"""


def add_arguments(parser):
    arguments.add_run(parser)
    arguments.add_step(parser)
    for name in "abc":
        parser.add_argument(name, metavar=name.upper(), help="a word of the vocabulary")
    arguments.add_found_words(parser)


def run(options):
    from mmssl.apply.words import analogy, print_words_found

    words = options.a, options.b, options.c
    found = analogy(arguments.run_of(options), *words, options.top)
    if options.json:
        print(json.dumps({"question": words, "answers": found}))
    else:
        print_words_found(found)
