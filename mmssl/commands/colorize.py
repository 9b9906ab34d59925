"""Colorize grayscale images."""

from mmssl.commands import arguments

EXAMPLES = "mmssl colorize runs/colorization photo.jpg --out painted/"


def add_arguments(parser):
    arguments.add_run(parser)
    parser.add_argument("files", nargs="+", help="files, folders or globs")
    parser.add_argument("--out", default="colorized", help="folder for the PNG files")


def run(options):
    from mmssl.apply.colorize import colorize_files

    for path in colorize_files(arguments.run_of(options), options.files, options.out):
        print(path)
