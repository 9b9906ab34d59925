"""Serve runs and SavedModels over HTTP and gRPC, as TensorFlow Serving does."""

import dataclasses

from mmssl.commands import arguments

EXAMPLES = """mmssl serve runs/speech
mmssl serve runs/speech runs/simclr --port 8501 --grpc-port 8500
mmssl serve models/speech --name speech --largest-batch 64 --batch-wait 0.005
mmssl serve runs/simclr --index photos.index
curl localhost:8501/v1/models/speech"""

PORT = 8501


def add_arguments(parser):
    parser.add_argument(
        "folders",
        nargs="+",
        metavar="RUN",
        help="run folder, exported SavedModel, or folder with numbered versions of one",
    )
    arguments.add_trust(parser)
    parser.add_argument(
        "--name",
        action="append",
        default=[],
        help="name of a model, the folder's if not given; once a RUN, in their order",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address; 127.0.0.1 if not given")
    parser.add_argument("--port", type=int, default=PORT, help=f"of HTTP; {PORT} if not given")
    parser.add_argument("--grpc-port", type=int, help="of gRPC; none if not given")
    parser.add_argument(
        "--index", help="index of `mmssl index`, searched by what is dropped on the page at /"
    )
    arguments.add_index_run(parser)
    group = parser.add_argument_group("batching")
    group.add_argument(
        "--largest-batch", type=int, default=32, help="examples computed together; 32 if not given"
    )
    group.add_argument(
        "--batch-wait",
        type=float,
        default=0.002,
        metavar="SECONDS",
        help="longest that a request waits for others to be computed with; 0.002 if not given",
    )
    _add_limits(parser.add_argument_group("limits"))


def _add_limits(group):
    from mmssl.serving.limits import Limits

    for field in dataclasses.fields(Limits):
        group.add_argument(
            f"--{field.name.replace('_', '-')}",
            type=type(field.default),
            default=field.default,
            metavar="N",
            help=f"{field.metadata['help']}; {field.default} if not given",
        )


def run(options):
    from mmssl.deploy.extras import require

    require("serve", "orjson", "prometheus_client", "starlette", "tensorflow_serving", "uvicorn")
    from mmssl.serving.limits import Limits
    from mmssl.serving.load import load_models
    from mmssl.serving.server import serve
    from mmssl.serving.service import Service

    keys = (field.name for field in dataclasses.fields(Limits))
    limits = Limits(**{key: getattr(options, key) for key in keys})
    models = load_models(options.folders, options.name, options.trust, _announce)
    service = Service(models, limits, options.largest_batch, options.batch_wait)
    routes = _search_routes(options, service)
    serve(service, options.host, options.port, options.grpc_port, routes, _announce)


def _search_routes(options, service):
    if options.index is None:
        return []
    from mmssl.serving.search_page import SearchPage

    return SearchPage(arguments.index_of(options), service).routes


def _announce(text):
    print(f"mmssl: {text}", flush=True)
