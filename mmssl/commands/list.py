"""List the recipes, or the keys of one."""

from mmssl.commands import arguments

EXAMPLES = "mmssl list audio/cpc"


def add_arguments(parser):
    parser.add_argument("recipe", nargs="?", help="a recipe, to show its keys and defaults")
    arguments.add_trust(parser)


def run(options):
    from mmssl.listing import print_recipe, print_recipes
    from mmssl.quiet import load_tensorflow

    if options.recipe:
        load_tensorflow()
        print_recipe(options.recipe, options.trust)
    else:
        print_recipes()
