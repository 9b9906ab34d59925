"""Prepare data as TFRecord shards, which are read faster and are a source like any other.

Whatever ends it, the same command goes on; where all is done, it mends damaged shards.
"""

import os

from mmssl.commands import arguments

EXAMPLES = """mmssl prepare recordings/ shards/ --shards 64 --encoding flac
mmssl prepare recordings/ shards/ --shards 64 --encoding pcm --sample-rate 16000
mmssl prepare photos/ shards/ --data.labels labels.tsv
mmssl prepare photos/ shards/ --encoding jpeg --short-side 256 --data.label_column folder
mmssl prepare passages.tsv gs://bucket/passages --shards 8 --workers 4
mmssl prepare books/ shards/ --encoding sentences --vocabulary bert-base-uncased/
mmssl prepare photos/ /shared/shards --runner beam --beam-option=--runner=FlinkRunner
`mmssl pretrain vision/simclr --data.source shards/` then trains on them."""


def add_arguments(parser):
    parser.add_argument(
        "sources",
        nargs="+",
        metavar="SOURCE",
        help="folder, glob, table or archive, or several of them",
    )
    parser.add_argument("out", metavar="OUT", help="folder of the shards, local or gs://, s3://")
    parser.add_argument("--shards", type=int, default=16, metavar="N", help="16 if not given")
    parser.add_argument(
        "--encoding",
        default="same",
        choices=["same", "flac", "pcm", "jpeg", "pixels", "tokens", "sentences"],
        help="how items are stored: same, as they are; sound as flac or pcm, pictures as jpeg or "
        "pixels, texts as tokens (for text/gpt) or as sentences of tokens (for the others)",
    )
    parser.add_argument("--sample-rate", type=int, metavar="HZ", help="of pcm: that of the recipe")
    parser.add_argument("--quality", type=int, metavar="Q", help="of jpeg; 90 if not given")
    parser.add_argument(
        "--short-side", type=int, metavar="PIXELS", help="of jpeg and pixels: scale down to this"
    )
    parser.add_argument(
        "--vocabulary",
        metavar="PATH",
        help="of tokens and sentences: folder of a run, or a published vocabulary",
    )
    parser.add_argument(
        "--skip-ratio",
        type=float,
        default=0.01,
        help="fraction of the items that may be unreadable; 0.01 if not given",
    )
    parser.add_argument(
        "--workers",
        type=int,
        default=os.cpu_count(),
        metavar="N",
        help="processes; one a core if not given",
    )
    parser.add_argument(
        "--runner",
        choices=["local", "beam"],
        default="local",
        help="local processes, or Apache Beam, for clusters (extra beam)",
    )
    parser.add_argument(
        "--beam-option",
        action="append",
        default=[],
        metavar="OPTION",
        help="of the Beam runner, such as --beam-option=--runner=FlinkRunner; may be repeated",
    )
    arguments.add_stored_labels(parser)


def run(options):
    from mmssl.pipelines.preparing.encodings import Encoding
    from mmssl.pipelines.preparing.prepare import prepare
    from mmssl.training.progress import counting

    if options.workers < 1:
        raise ValueError(f"--workers {options.workers} must be 1 or more")
    encoding = Encoding(
        _modality(options.sources),
        options.encoding,
        options.sample_rate,
        options.quality,
        options.short_side,
        options.vocabulary,
    )
    with counting("preparing", "items") as (_, progress):
        done = prepare(
            options.sources[0] if len(options.sources) == 1 else options.sources,
            options.out,
            options.shards,
            encoding,
            labels=options.labels,
            label_column=options.label_column,
            skip_ratio=options.skip_ratio,
            run=_runner(options),
            progress=progress,
        )
    print("\n".join(_told(options.out, done)))


def _modality(sources):
    from mmssl.suggest.items import list_items

    found = sorted({list_items(source).modality for source in sources})
    if len(found) > 1:
        raise ValueError(f"the sources hold {' and '.join(found)}: prepare one modality at a time.")
    return found[0]


def _runner(options):
    """Returns the function that writes the shards; see `prepare`."""
    import functools

    if options.runner == "local":
        from mmssl.pipelines.preparing.processes import in_processes

        return functools.partial(in_processes, workers=options.workers)
    from mmssl.deploy.extras import require
    from mmssl.pipelines.preparing.beam import on_beam

    require("beam", "apache_beam")
    return functools.partial(on_beam, options=options.beam_option)


def _told(out, done):
    shards, items = done.manifest["shards"], done.manifest["items"]
    size = sum(shard["size"] for shard in shards)
    yield f"{out}: {items} items in {len(shards)} shards, {size / 2**20:.1f} MiB"
    if left_out := done.manifest["left_out"]:
        yield f"left out {len(left_out)} that cannot be read, see {out}/index/skipped.txt"
    if done.mended:
        yield f"mended {', '.join(done.mended)}, whose checksum was wrong"
    elif not done.written:
        yield "all of it was there before, and is whole"
