"""Search an index by a picture, a sound or a text: the nearest items."""

import json

from mmssl.commands import arguments

EXAMPLES = """mmssl search photos.index query.jpg
mmssl search sounds.index bark.wav siren.wav -k 5 --out found.html
mmssl search sentences.index "a film that stays with you" --json"""


def add_arguments(parser):
    parser.add_argument("index", help="folder that mmssl index has written")
    parser.add_argument(
        "queries", metavar="QUERY", nargs="+", help="file, or for an index of texts a text"
    )
    parser.add_argument("-k", type=int, help="items per query; 10, or all of fewer, if not given")
    parser.add_argument(
        "--exact", action="store_true", help="compare every vector, however many there are"
    )
    arguments.add_found(parser)


def run(options):
    from mmssl.search.page import write_results

    index = arguments.index_of(options)
    k = min(10, len(index)) if options.k is None else options.k
    results = index.search(options.queries, k, options.exact)
    if options.out:
        write_results(index, results, options.out)
    if options.json:
        print(json.dumps({"index": str(index.path), "queries": [_json(one) for one in results]}))
        return
    _print(index, results)
    if options.out:
        print(options.out)


def _json(result):
    return {"query": result.query.name, "nearest": [match.as_dict() for match in result.matches]}


def _print(index, results):
    from rich.console import Console
    from rich.markup import escape

    console = Console()
    for result in results:
        console.print(result.query.name, markup=False, highlight=False, soft_wrap=True)
        table = arguments.plain_table("cosine", "nearest", "")
        for match in result.matches:
            excerpt = index.excerpt(match.number)
            table.add_row(f"{match.cosine:.3f}", escape(match.name), escape(excerpt))
        console.print(table)
