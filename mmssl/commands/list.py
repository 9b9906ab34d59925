"""List the recipes, or the keys of one."""

from mmssl.commands import arguments

EXAMPLES = "mmssl list audio/cpc"


def add_arguments(parser):
    parser.add_argument("recipe", nargs="?", help="a recipe, to show its keys and defaults")
    arguments.add_trust(parser)


def run(options):
    if options.recipe:
        _print_recipe(options.recipe, options.trust)
    else:
        _print_recipes()


def _print_recipes():
    """Prints a table of the recipes with the first line of the comment in each file."""
    from rich.console import Console
    from rich.table import Table

    from mmssl.recipes import recipe_names, recipe_path

    table = Table("recipe", "what it is")
    for name in recipe_names():
        text = recipe_path(name).read_text(encoding="utf-8")
        table.add_row(name, text.splitlines()[0].lstrip("# "))
    Console().print(table)


def _print_recipe(name, trust):
    """Prints a recipe with every argument filled in, as `--KEY VALUE` accepts them."""
    import yaml
    from rich.console import Console
    from rich.table import Table

    from mmssl.quiet import load_tensorflow

    load_tensorflow()
    from mmssl.runs import read_recipe
    from mmssl.runs.keys import flat

    table = Table("key", "value")
    for key, value in flat(read_recipe(name, trust=trust)):
        table.add_row(f"--{key}", yaml.safe_dump(value, default_flow_style=True).split("\n")[0])
    Console().print(table)
