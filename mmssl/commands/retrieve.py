"""Retrieve what belongs to a text, or to a file, with a run of pairs."""

import json

from mmssl.commands import arguments

EXAMPLES = """mmssl retrieve runs/clip "two people holding hands" --in photos/
mmssl retrieve runs/clip "a red circle" --in photos/ -k 20 --out found.html
mmssl retrieve runs/clip photo.jpg --in captions.tsv"""


def add_arguments(parser):
    arguments.add_run(parser)
    parser.add_argument("query", help="text, or the path of a file of one side")
    parser.add_argument(
        "--in", dest="source", required=True, help="items of the other side: folder, glob or table"
    )
    parser.add_argument("-k", type=int, default=10, help="items to find; 10 if not given")
    parser.add_argument("--out", help="page to write, with thumbnails, players or texts")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options):
    from rich.console import Console
    from rich.markup import escape

    from mmssl.search.retrieval import retrieve

    found = retrieve(arguments.run_of(options), options.query, options.source, options.k)
    if options.out:
        found.write(options.out)
    if options.json:
        rows = [
            {"name": name, "cosine": round(cosine, 6), **({"text": text} if text else {})}
            for cosine, name, text in found.rows()
        ]
        print(json.dumps({"query": found.query, "nearest": rows}))
        return
    table = arguments.plain_table("cosine", "nearest", "")
    for cosine, name, text in found.rows():
        table.add_row(f"{cosine:.3f}", escape(name), escape(text))
    Console().print(table)
    if options.out:
        print(options.out)
