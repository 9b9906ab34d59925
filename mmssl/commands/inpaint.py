"""Mask a region of images and inpaint it."""

from mmssl.commands import arguments

EXAMPLES = "mmssl inpaint runs/inpainting photo.jpg --out filled/"


def add_arguments(parser):
    arguments.add_run(parser)
    parser.add_argument("files", nargs="+", help="files, folders or globs")
    parser.add_argument("--out", default="inpainted", help="folder for the PNG files")


def run(options):
    from mmssl.apply.inpaint import inpaint_files

    for path in inpaint_files(arguments.run_of(options), options.files, options.out):
        print(path)
