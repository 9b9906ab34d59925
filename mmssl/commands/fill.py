"""Fill in <mask> in a text, with any number of words, by beam search."""

from mmssl.commands import arguments

EXAMPLES = 'mmssl fill runs/t5 "It was a <mask> that he should marry her." --beams 5'


def add_arguments(parser):
    arguments.add_run(parser)
    parser.add_argument("text", help="text with one or more <mask>")
    parser.add_argument("--beams", type=int, default=5, help="answers to follow and to show")
    parser.add_argument(
        "--tokens", type=int, default=32, help="most to write; for BART besides those of the text"
    )


def run(options):
    from mmssl.apply.fill import fill, print_filled

    (answers,) = fill(arguments.run_of(options), [options.text], options.beams, options.tokens)
    print_filled(answers)
