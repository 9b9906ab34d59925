"""Run everything on built-in audio, in minutes: pretrain, probe, report, export."""

EXAMPLES = "mmssl demo"


def add_arguments(parser):
    parser.add_argument("--out", default="runs/demo", help="run folder")


def run(options):
    from mmssl.demo import demo

    demo(options.out)
