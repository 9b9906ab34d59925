"""Classify files by the names of classes, with a run of pairs and without labels."""

from collections import Counter

from mmssl.commands import arguments

EXAMPLES = """mmssl classify runs/clip photos/ --classes names.txt --prompts "a picture of {}"
mmssl classify runs/clip photos/ --classes names.txt --out classes.tsv"""
SHOWN = 20


def add_arguments(parser):
    arguments.add_run(parser)
    parser.add_argument("source", metavar="FOLDER", help="folder, file, glob, table or archive")
    parser.add_argument(
        "--classes", required=True, help="text file with the name of a class a line"
    )
    parser.add_argument(
        "--prompts",
        nargs="+",
        metavar="TEMPLATE",
        help="templates with {} in place of a class; those of the run if not given",
    )
    parser.add_argument("--out", help=".tsv to write: file, class and probability")


def run(options):
    from rich.console import Console
    from rich.markup import escape

    from mmssl.apply.classify import PROMPTS, classify

    run = arguments.run_of(options)
    own = run.config["data"]["init_args"].get("prompts") or PROMPTS
    found = classify(run, options.source, options.classes, options.prompts or own)
    table = arguments.plain_table("file", "class", "probability")
    rows = list(found.rows())
    for name, label, share in rows[:SHOWN]:
        table.add_row(escape(name), escape(label), f"{share:.3f}")
    console = Console()
    console.print(table)
    if len(rows) > SHOWN:
        console.print(f"and {len(rows) - SHOWN} more", highlight=False)
    counts = Counter(label for _, label, _ in rows).most_common()
    told = ", ".join(f"{label} {count}" for label, count in counts)
    console.print(f"{len(rows)} items: {told}", markup=False, highlight=False)
    if options.out:
        found.write(options.out)
        print(options.out)
