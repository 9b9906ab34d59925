"""Fill in [MASK] with a masked language model."""

from mmssl.commands import arguments

EXAMPLES = 'mmssl fill-mask runs/bert "The [MASK] sat on the mat"'


def add_arguments(parser):
    arguments.add_run(parser)
    parser.add_argument("text", help="text with one or more [MASK]")
    parser.add_argument("--top", type=int, default=5, help="predictions per mask")


def run(options):
    from mmssl.apply.fill_mask import fill_mask, print_fills

    print_fills(fill_mask(arguments.run_of(options), options.text, options.top))
