"""Answers over HTTP."""

import logging

from starlette.requests import ClientDisconnect
from starlette.responses import Response

from mmssl.serving.bodies import UnreadError
from mmssl.serving.contract import error_body
from mmssl.serving.errors import RefusedError

logger = logging.getLogger(__name__)

_RETRY_AFTER = "1"  # seconds


async def answered(making, count):
    """Awaits a response, and makes one of what goes wrong.

    Args:
        making: coroutine that returns a response or raises a RefusedError.
        count: function of what came of it, `"OK"` or the code of the error.

    Returns:
        starlette.responses.Response.
    """
    code = "OK"
    try:
        return await making
    except RefusedError as error:
        code = error.code
        return refusal(error)
    except ClientDisconnect:
        code = "CANCELLED"
        return Response(status_code=499)
    except Exception:
        logger.exception("A request failed.")
        code = "INTERNAL"
        return refusal(RefusedError(code, "The server failed; its log says why."))
    finally:
        count(code)


def json_response(body, status=200, headers=None):
    """Returns a response of JSON.

    Args:
        body: bytes.
        status: int.
        headers: dict of str, or None.
    """
    return Response(body, status, headers, media_type="application/json")


def refusal(error):
    """Returns the response to a request that is refused.

    Args:
        error: `mmssl.serving.errors.RefusedError`.
    """
    headers = {}
    if error.code == "UNAVAILABLE":
        headers["Retry-After"] = _RETRY_AFTER
    if isinstance(error, UnreadError):
        headers["Connection"] = "close"
    return json_response(error_body(str(error)), error.status, headers)
