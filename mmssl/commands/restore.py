"""Restore pictures: remove noise, rain or lines, or enlarge them."""

from mmssl.commands import arguments

EXAMPLES = """mmssl restore runs/ipt photo.jpg --task denoise --out restored.png
mmssl restore runs/ipt photos/ --task upscale_2 --out large/"""


def add_arguments(parser):
    arguments.add_run(parser)
    parser.add_argument("files", nargs="+", help="files, folders or globs")
    parser.add_argument(
        "--task",
        help="one of those that the run was trained for, such as denoise_30, or how only one of "
        "them begins; may be left out if there is one",
    )
    parser.add_argument(
        "--out",
        default="restored",
        help="folder for the PNG files, or of one picture the .png file",
    )


def run(options):
    from mmssl.apply.restore import restore_files
    from mmssl.training.progress import counting

    with counting("restoring", "tiles") as (_, progress):
        written = restore_files(
            arguments.run_of(options), options.files, options.task, options.out, progress
        )
        for path in written:
            print(path)
