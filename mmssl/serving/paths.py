"""The paths of TensorFlow Serving's REST API."""

import re
from dataclasses import dataclass
from urllib.parse import unquote

from mmssl.serving.errors import RefusedError, invalid

_VERSION = r"(?:/versions/(?P<version>\d+)|/labels/(?P<label>[^/:]+))?"
_MODELS = "(?i:/v1/models)"
_CALL = re.compile(rf"{_MODELS}/(?P<name>[^/:]+){_VERSION}:(?P<verb>classify|regress|predict)")
_STATUS = re.compile(rf"{_MODELS}(?:/(?P<name>[^/:]+))?{_VERSION}(?P<verb>/metadata)?")
_LARGEST = 2**63 - 1


@dataclass(frozen=True)
class Target:
    """What a request asks of which model.

    Attributes:
        verb: `"status"`, `"metadata"` or `"predict"`.
        name: str, of the model.
        version: int, or None for the latest.
    """

    verb: str
    name: str
    version: int | None = None


def parse_path(method, path):
    """Reads the path of a request.

    Args:
        method: `"GET"` or `"POST"`.
        path: str, such as `"/v1/models/speech/versions/2:predict"`, percent-encoded.

    Returns:
        Target.

    Raises:
        RefusedError: there is no such path for the method, or nothing that answers there.
    """
    found = {"POST": _CALL, "GET": _STATUS}.get(method, re.compile(r"(?!)")).fullmatch(path)
    if found is None:
        raise invalid(f"Malformed request: {method} {path}")
    if found["name"] is None:
        raise invalid("Missing model name in request.")
    if found["label"] is not None:
        raise invalid(f"Unrecognized servable version label: {unquote(found['label'])}")
    if found["verb"] in ("classify", "regress"):
        raise RefusedError(
            "UNIMPLEMENTED", f":{found['verb']} takes tf.Example, which no model here has: :predict"
        )
    verb = (found["verb"] or "status").lstrip("/")
    return Target(verb, unquote(found["name"]), _version(found["version"]))


def _version(digits):
    if digits is None:
        return None
    if int(digits[:20]) > _LARGEST:
        raise invalid(f"Failed to convert version: {digits} to numeric.")
    return int(digits)
