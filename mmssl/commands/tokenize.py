"""Encode a source as the codes of a tokenizer, in shards that further models train on."""

from mmssl.commands import arguments

EXAMPLES = """mmssl tokenize runs/vq_vae photos/ --out codes/
mmssl tokenize runs/vq_vae photos/ --data.labels labels.tsv --out codes/
mmssl tokenize runs/vq_vae_2 photos/ --data.label_column folder --out codes/
A model that reads codes then trains on them, `mmssl pretrain RECIPE --data.source codes/`; or on
pictures that it has encoded itself, once, `--data.source photos/ --data.tokens runs/vq_vae`."""


def add_arguments(parser):
    arguments.add_run(parser)
    parser.add_argument("source", metavar="SOURCE", help="folder, glob, table or archive")
    parser.add_argument("--out", required=True, help="folder of the shards, local or gs://, s3://")
    arguments.add_stored_labels(parser)


def run(options):
    from mmssl.apply.tokenize import tokenize
    from mmssl.training.progress import counting

    with counting("tokenizing", "items") as (_, progress):
        manifest = tokenize(
            options.folder,
            options.source,
            options.out,
            options.labels,
            options.label_column,
            options.trust,
            progress,
        )
    size = sum(shard["size"] for shard in manifest["shards"])
    codes = manifest["codes"]
    shapes = ", ".join(f"{name} {_times(shape)}" for name, shape in codes["shapes"].items())
    print(
        f"{options.out}: {manifest['items']} items of {shapes} out of {codes['entries']}, "
        f"{size / 2**20:.1f} MiB"
    )


def _times(shape):
    return " x ".join(map(str, shape))
