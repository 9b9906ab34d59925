"""Embed files: one vector each, in one .npz."""

from mmssl.commands import arguments

EXAMPLES = """mmssl embed runs/speech clips/*.wav --out vectors.npz
mmssl embed runs/speech recordings/ --out vectors.npz
mmssl embed runs/speech recordings/ --whiten none --out plain.npz
mmssl embed runs/speech recordings/ --step 2000 --out vectors_2000.npz"""


def add_arguments(parser):
    arguments.add_run(parser)
    arguments.add_step(parser)
    parser.add_argument("files", nargs="+", help="files, folders, globs or tables")
    parser.add_argument("--out", required=True, help=".npz to write: names (N,), vectors (N, D)")
    arguments.add_layer(parser, "block whose pooled output is the embedding, or whole")
    arguments.add_whiten(parser)


def run(options):
    from mmssl.apply.embed import embed_files

    run = arguments.run_of(options)
    layer = arguments.layer_of(options, run)
    count, width = embed_files(run, options.files, options.out, layer, whiten=options.whiten)
    print(f"{options.out}: {count} vectors of {width}")
