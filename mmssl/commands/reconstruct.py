"""Reconstruct pictures or sound from the codes of a tokenizer."""

from mmssl.commands import arguments

EXAMPLES = """mmssl reconstruct runs/vq_vae photos/ --out page.png
mmssl reconstruct runs/vq_vae photo.jpg other.jpg --out rebuilt/
mmssl reconstruct runs/jukebox recordings/ --count 4 --out rebuilt/"""


def add_arguments(parser):
    arguments.add_run(parser)
    parser.add_argument("files", nargs="+", metavar="SOURCE", help="files, folders or globs")
    parser.add_argument(
        "--out",
        required=True,
        help="a .png for one page of pictures above their reconstructions, or a folder for a file "
        "an item",
    )
    parser.add_argument("--count", type=int, help="items, the first ones; 32 on a page, or all")


def run(options):
    from mmssl.apply.reconstruct import reconstruct
    from mmssl.training.progress import counting

    with counting("reconstructing", "items") as (_, progress):
        run = arguments.run_of(options)
        paths = list(reconstruct(run, options.files, options.out, options.count, progress))
    print(*paths, sep="\n")
