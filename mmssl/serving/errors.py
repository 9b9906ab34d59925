"""Why a request is not answered, in the codes of gRPC and the statuses of HTTP."""

# As TensorFlow Serving maps them (tensorflow_serving/model_servers/http_server.cc).
STATUSES = {
    "INVALID_ARGUMENT": 400,
    "NOT_FOUND": 404,
    "RESOURCE_EXHAUSTED": 429,
    "INTERNAL": 500,
    "UNIMPLEMENTED": 501,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
    # Of HTTP alone, before there is a body to look at.
    "REQUEST_TIMEOUT": 408,
    "CONTENT_TOO_LARGE": 413,
}


class RefusedError(Exception):
    """A request that is not answered.

    Args:
        code: str, a key of `STATUSES`.
        reason: str, what the client is told.

    Attributes:
        code: str.
    """

    def __init__(self, code, reason):
        super().__init__(reason)
        self.code = code

    @property
    def status(self):
        """int, the status of HTTP."""
        return STATUSES[self.code]


def invalid(reason):
    """Returns the error of a request that has to be made differently."""
    return RefusedError("INVALID_ARGUMENT", reason)
