"""The server's HTTP side: TensorFlow Serving's REST API, health and metrics."""

import asyncio

from anyio import CapacityLimiter, to_thread
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from mmssl.serving.bodies import read_body
from mmssl.serving.contract import (
    error_body,
    json_bytes,
    metadata_body,
    parse_predict,
    predict_body,
    status_body,
)
from mmssl.serving.errors import RefusedError
from mmssl.serving.metrics import CONTENT_TYPE
from mmssl.serving.paths import parse_path
from mmssl.serving.responses import answered, json_response

_THREADS = 4  # that read and write JSON; more would only wait for each other


def create_app(service, routes=()):
    """Builds the ASGI application.

    Args:
        service: `mmssl.serving.service.Service`.
        routes: list of starlette.routing.Route that come besides its own.

    Returns:
        starlette.applications.Starlette with `/v1/models/...`, `/healthz` and `/metrics`.
    """
    rest = _Rest(service)
    return Starlette(
        routes=[
            *routes,
            Route("/healthz", rest.health),
            Route("/metrics", rest.metrics),
            Route("/v1/{path:path}", rest.answer, methods=["GET", "POST", "PUT", "DELETE"]),
        ],
        exception_handlers={404: _not_found, 405: _not_found},
    )


class _Rest:
    def __init__(self, service):
        self._service = service
        self._threads = CapacityLimiter(_THREADS)
        self._answers = {
            "status": self._status,
            "metadata": self._metadata,
            "predict": self._predict,
        }

    async def health(self, request):
        healthy = self._service.is_healthy
        state = {"status": "ok" if healthy else "a model no longer answers"}
        return json_response(json_bytes(state), 200 if healthy else 503)

    async def metrics(self, request):
        return Response(self._service.metrics.text(), media_type=CONTENT_TYPE)

    async def answer(self, request):
        def count(code):
            name = getattr(request.state, "model", None)
            self._service.metrics.count(name, "rest", code)

        return await answered(self._answer(request), count)

    async def _answer(self, request):
        path = request.scope["raw_path"].decode("ascii").partition("?")[0]
        target = parse_path(request.method, path)
        request.state.model = target.name
        return json_response(await self._answers[target.verb](target, request))

    async def _status(self, target, request):
        return status_body(self._service.versions(target.name, target.version))

    async def _metadata(self, target, request):
        model = self._service.find(target.name, target.version)
        return metadata_body(model.name, model.version, model.signature_defs)

    async def _predict(self, target, request):
        model = self._service.find(target.name, target.version)
        with self._service.buffer.share() as take:
            body = await read_body(request, self._service.limits, take)
            with self._service.admitted(model):
                call, future = await self._in_thread(self._started, model, body)
                outputs = await self._awaited(future)
                return await self._in_thread(predict_body, outputs, call.rows)

    def _started(self, model, body):
        call = parse_predict(body, model.specs)
        return call, self._service.submit(model, call)

    async def _awaited(self, future):
        seconds = self._service.limits.request_seconds
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), seconds)
        except asyncio.TimeoutError:
            raise RefusedError(
                "DEADLINE_EXCEEDED", f"No answer within {seconds:g} s; try later."
            ) from None

    async def _in_thread(self, function, *arguments):
        """Calls what takes its time without keeping other requests from being read."""
        return await to_thread.run_sync(function, *arguments, limiter=self._threads)


async def _not_found(request, error):
    return json_response(error_body(f"Malformed request: {request.method} {request.url.path}"), 404)
