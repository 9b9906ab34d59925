"""Index the vectors of files for search, or update an index.

What has not changed is not embedded again, and until the new index is whole, the old one stays.
"""

from mmssl.commands import arguments

EXAMPLES = """mmssl index runs/simclr photos/ --out photos.index
mmssl index photos.index --add holiday/
mmssl index photos.index --add photos/ --remove-gone
mmssl index photos.index --remove a.jpg b.jpg"""


def add_arguments(parser):
    parser.add_argument("folder", metavar="RUN|INDEX", help="run folder, or an index to update")
    parser.add_argument("files", nargs="*", help="files, folders, globs or tables to index")
    parser.add_argument("--out", help="index to write, a folder")
    arguments.add_layer(parser, "block whose pooled output is the embedding, or whole")
    arguments.add_step(parser)
    group = parser.add_argument_group("updates of an index")
    group.add_argument(
        "--add", nargs="+", metavar="FILES", help="files, folders, globs or tables to add"
    )
    group.add_argument(
        "--remove", nargs="+", default=[], metavar="NAME", help="items or files to remove"
    )
    group.add_argument(
        "--remove-gone", action="store_true", help="remove the items whose file is gone"
    )
    arguments.add_index_run(group)
    arguments.add_trust(parser)


def run(options):
    updates = bool(options.add or options.remove or options.remove_gone)
    if updates == bool(options.files) or updates == bool(options.out):
        raise ValueError(
            "give RUN, what to index and --out for a new index, or INDEX with --add, --remove or "
            "--remove-gone to update one."
        )
    if updates and (options.layer or options.step is not None):
        raise ValueError("an index keeps its --layer and --step: build another one for others.")
    if not updates and options.run_folder:
        raise ValueError("--run belongs to an update; a new index takes RUN as it stands.")
    if updates:
        _update(options)
    else:
        _build(options)


def _build(options):
    from mmssl.search import Index
    from mmssl.training.progress import counting

    run = arguments.run_of(options)
    layer = arguments.layer_of(options, run)
    with counting("embedding", "items") as (_, progress):
        index = Index.build(run, options.files, options.out, layer, progress)
    print(f"{index.path}: {len(index)} items, vectors of {index.vectors.shape[1]}")
    _print_recall(index)


def _update(options):
    from mmssl.search import Index
    from mmssl.training.progress import counting

    index = Index.open(options.folder, options.run_folder, options.trust)
    if options.remove:
        print(f"removed {index.remove(options.remove).removed}")
    if options.remove_gone:
        print(f"removed {index.remove_gone().removed} that are gone")
    if options.add:
        with counting("embedding", "items") as (_, progress):
            done = index.add(options.add, progress)
        lost = f", removed {done.removed} that cannot be read any more" if done.removed else ""
        print(f"added {done.added}, changed {done.changed}, unchanged {done.kept}{lost}")
    print(f"{index.path}: {len(index)} items")
    _print_recall(index)


def _print_recall(index):
    measured = index.manifest["approximate"]
    if measured is not None:
        print(
            f"approximate search finds {measured['recall']:.3f} of the {measured['neighbors']} "
            f"nearest, measured on {measured['sample']} items; it looks into "
            f"{measured['searched']} of {measured['cells']} cells"
        )
