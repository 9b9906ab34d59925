"""List the near duplicates in an index, in groups."""

import json

from mmssl.commands import arguments

EXAMPLES = """mmssl duplicates photos.index
mmssl duplicates photos.index --threshold 0.995 --out duplicates.html
mmssl duplicates sounds.index --json"""


def add_arguments(parser):
    parser.add_argument("index", help="folder that mmssl index has written")
    parser.add_argument(
        "--threshold",
        type=float,
        default=0.98,
        help="cosine from which on two items are near duplicates; 0.98 if not given",
    )
    arguments.add_found(parser)


def run(options):
    from mmssl.search.page import write_duplicates
    from mmssl.training.progress import counting

    index = arguments.index_of(options)
    with counting("comparing", "items") as (_, progress):
        groups = index.duplicates(options.threshold, progress)
    if options.out:
        write_duplicates(index, groups, options.threshold, options.out)
    if options.json:
        found = [[match.as_dict() for match in group] for group in groups]
        print(json.dumps({"index": str(index.path), "groups": found}))
        return
    _print(groups)
    print(f"near duplicates: {sum(map(len, groups))} of {len(index)} items, groups: {len(groups)}")
    if options.out:
        print(options.out)


def _print(groups):
    from rich.console import Console
    from rich.markup import escape

    if not groups:
        return
    table = arguments.plain_table("group", "cosine", "item")
    for number, group in enumerate(groups, start=1):
        for match in group:
            table.add_row(str(number), f"{match.cosine:.3f}", escape(match.name))
        table.add_section()
    Console().print(table)
