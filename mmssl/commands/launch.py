"""Train with several workers: processes of this machine, or machines of a cluster."""

import argparse

EXAMPLES = r"""mmssl launch --workers 2 -- pretrain audio/cpc --data.source recordings/
mmssl launch --workers 4 --gpus 8 --print slurm -- pretrain vision/simclr_paper \
    --data.source /shared/photos --out /shared/runs/simclr > simclr.sbatch
mmssl launch --workers 4 --gpus 8 --print kubernetes -- pretrain vision/simclr_paper \
    --data.source /shared/photos --out /shared/runs/simclr > simclr.yaml
The weights are those of one worker with the same data.batch_size, which all share. The same
command goes on with a run that was stopped, with as many workers as there are then."""


def add_arguments(parser):
    parser.add_argument(
        "--workers", type=int, required=True, help="number of processes, or of machines"
    )
    parser.add_argument(
        "--print",
        dest="scheduler",
        choices=("slurm", "kubernetes"),
        help="print what starts the workers on a cluster, one on a machine, and start nothing",
    )
    parser.add_argument("--gpus", type=int, default=0, help="GPUs of a machine, for --print")
    parser.add_argument(
        "arguments",
        nargs=argparse.REMAINDER,
        metavar="-- pretrain RECIPE ...",
        help="the command that every worker runs",
    )


def run(options):
    from mmssl.training.launch import launch
    from mmssl.training.schedulers import script

    arguments = options.arguments[options.arguments[:1] == ["--"] :]
    if arguments[:1] != ["pretrain"]:
        given = " ".join(arguments) or "nothing"
        raise ValueError(f"launch needs `-- pretrain RECIPE ...` after its options; got {given}.")
    if options.scheduler is not None:
        print(script(options.scheduler, arguments, options.workers, options.gpus), end="")
        return 0
    return launch(arguments, options.workers)
