"""Reading the bodies of requests, none of them too long, too slow, or one too many."""

import asyncio
import contextlib

from mmssl.serving.errors import RefusedError

# Times the limit that is read of a body that is too long, so that its client hears why.
_DRAINED = 4


class UnreadError(RefusedError):
    """A request whose body is not read to its end, so that its connection has to be closed."""


class Buffer:
    """The memory that the bodies of all requests share.

    Args:
        limit: bytes.
    """

    def __init__(self, limit):
        self._limit, self._taken = limit, 0

    @contextlib.contextmanager
    def share(self):
        """Yields a function that takes a number of bytes; they are given back after the block.

        The function raises an UnreadError where there are not as many left.
        """
        own = 0

        def take(count):
            nonlocal own
            if self._taken + count > self._limit:
                raise UnreadError("UNAVAILABLE", "The server is busy; try later.")
            self._taken += count
            own += count

        try:
            yield take
        finally:
            self._taken -= own


async def read_body(request, limits, take):
    """Reads the body of a request.

    Args:
        request: starlette.requests.Request.
        limits: `mmssl.serving.limits.Limits`.
        take: see `Buffer.share`.

    Returns:
        bytes.

    Raises:
        UnreadError: it is too long, comes too slowly, or there is no memory left for it.
        starlette.requests.ClientDisconnect: the client has gone.
    """
    declared = request.headers.get("content-length", "0")
    waits = request.headers.get("expect", "").lower() == "100-continue"
    if waits and int(declared) > limits.body_bytes:
        raise _too_large(limits)
    try:
        return await asyncio.wait_for(_read(request, limits, take), limits.read_seconds)
    except asyncio.TimeoutError:
        raise UnreadError(
            "REQUEST_TIMEOUT", f"The body did not arrive within {limits.read_seconds:g} s."
        ) from None


async def _read(request, limits, take):
    pieces, size = [], 0
    async for piece in request.stream():
        size += len(piece)
        if size <= limits.body_bytes:
            take(len(piece))
            pieces.append(piece)
        elif size > _DRAINED * limits.body_bytes:
            break
    if size > limits.body_bytes:
        raise _too_large(limits)
    return b"".join(pieces)


def _too_large(limits):
    return UnreadError(
        "CONTENT_TOO_LARGE", f"The body is too large: at most {limits.body_bytes} bytes."
    )
