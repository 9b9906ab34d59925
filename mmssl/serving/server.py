"""The process of a server: sockets, signals, and an orderly end."""

import contextlib
import math
import socket

import uvicorn

from mmssl.serving.connection import timed_connection
from mmssl.serving.rest import create_app

_BACKLOG = 2048


def serve(service, host, port, grpc_port=None, routes=(), announce=print):
    """Answers requests until SIGTERM or Ctrl-C; what is being answered then, is finished.

    Args:
        service: `mmssl.serving.service.Service`; it is closed at the end.
        host: address to listen on.
        port: int, of HTTP; 0 for any that is free.
        grpc_port: int, of gRPC; 0 for any that is free, None for no gRPC.
        routes: see `mmssl.serving.rest.create_app`.
        announce: function of a sentence, called once connections are accepted.

    Raises:
        OSError: the port cannot be listened on.
        KeyboardInterrupt: a second Ctrl-C did not let requests finish.
    """
    with (
        contextlib.closing(service),
        _listening(host, port) as listener,
        _grpc(service, host, grpc_port) as bound,
    ):
        server = http_server(service, routes)
        also = "" if bound is None else f" and grpc://{host}:{bound}"
        announce(f"serving {_names(service)} on http://{host}:{listener.getsockname()[1]}{also}")
        try:
            server.run(sockets=[listener])
        except KeyboardInterrupt:  # which uvicorn raises anew when it has finished
            if server.force_exit:
                raise


def http_server(service, routes=()):
    """Returns uvicorn.Server of a service, with its limits of time.

    Args:
        service: `mmssl.serving.service.Service`.
        routes: see `mmssl.serving.rest.create_app`.
    """
    limits = service.limits
    config = uvicorn.Config(
        create_app(service, routes),
        http=timed_connection(limits.read_seconds),
        ws="none",
        lifespan="off",
        log_level="error",
        access_log=False,
        server_header=False,
        backlog=_BACKLOG,
        timeout_graceful_shutdown=math.ceil(limits.request_seconds + limits.read_seconds),
    )
    return uvicorn.Server(config)


def _grpc(service, host, port):
    if port is None:
        return contextlib.nullcontext()
    from mmssl.serving.rpc import grpc_server

    return grpc_server(service, host, port)


def _listening(host, port):
    try:
        return socket.create_server((host, port), backlog=_BACKLOG)
    except OSError as error:
        raise OSError(f"{host}:{port} cannot be listened on: {error.strerror}.") from None


def _names(service):
    return ", ".join(f"{model.name} (version {model.version})" for model in service.models.values())
