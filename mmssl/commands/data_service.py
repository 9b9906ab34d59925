"""Make the batches of runs in other processes: the dispatcher and the workers of a tf.data service.

A run with --fit.data_service asks them, and gets the same batches as without.
"""

import time

from mmssl.commands import arguments

EXAMPLES = """mmssl data-service dispatcher --port 5050
mmssl data-service worker grpc://localhost:5050
mmssl data-service worker grpc://10.0.0.2:5050 --port 5051
`mmssl pretrain vision/simclr --data.source shards/ --fit.data_service grpc://localhost:5050`
then trains on what the workers make; they read the source and the run folder by the same paths."""


def add_arguments(parser):
    parts = parser.add_subparsers(dest="part", metavar="PART", required=True)
    dispatcher = parts.add_parser("dispatcher", help="hands out the work; one a service")
    worker = parts.add_parser("worker", help="makes batches; one or more a machine")
    worker.add_argument("target", help="address of the dispatcher, such as grpc://localhost:5050")
    for part in (dispatcher, worker):
        part.add_argument(
            "--port", type=int, default=0, metavar="N", help="to listen at; a free one if not given"
        )
    arguments.add_trust(worker)


def run(options):
    from mmssl.training.service import dispatch, work

    if options.part == "dispatcher":
        kept = dispatch(options.port)
        print(f"dispatcher on {kept.target}", flush=True)
    else:
        kept = work(options.target, options.port, tuple(options.trust))
        print(f"working for {options.target}", flush=True)
    while kept:
        time.sleep(1.0)
