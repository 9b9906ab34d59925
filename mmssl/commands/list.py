"""List the recipes, or the keys of one."""

EXAMPLES = "mmssl list audio/cpc"


def add_arguments(parser):
    parser.add_argument("recipe", nargs="?", help="a recipe, to show its keys and defaults")


def run(options):
    from mmssl.runs.listing import print_recipe, print_recipes

    if options.recipe:
        print_recipe(options.recipe)
    else:
        print_recipes()
