"""metrics.json: the results of all probes of a run."""

import json
from pathlib import Path

from mmssl.evaluation.probes import DEFAULT
from mmssl.training.folder import write_text


def read_results(path):
    """Reads the kept results.

    Args:
        path: of metrics.json.

    Returns:
        list of dict, oldest first; empty where there is no file.
    """
    path = Path(path)
    return json.loads(path.read_text(encoding="utf-8"))["probes"] if path.exists() else []


def keep_result(path, result):
    """Adds a result, in place of an earlier one of the same data, layer and probes.

    Args:
        path: of metrics.json; written beside and moved into place.
        result: dict of `evaluate`.
    """
    path = Path(path)
    others = [old for old in read_results(path) if _asked(old) != _asked(result)]
    write_text(path, json.dumps({"probes": [*others, result]}, indent=1) + "\n")


def _asked(result):
    data = {name: value for name, value in result["data"].items() if value is not None}
    return data, result["layer"], tuple(result.get("probes", DEFAULT))
