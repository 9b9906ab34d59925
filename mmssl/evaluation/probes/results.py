"""metrics.json: the results of all probes of a run and of its fine-tuning."""

import json
from pathlib import Path

from mmssl.evaluation.probes.registry import DEFAULT, temperature_of
from mmssl.runs.checksums import write_noted


def read_results(path, kind="probes"):
    """Reads the stored results.

    Args:
        path: of metrics.json.
        kind: `"probes"` or `"fine_tuning"`.

    Returns:
        list of dicts, oldest first; empty if there are none.
    """
    return _read(Path(path)).get(kind, [])


def of_the_end(results):
    """Returns the results of the run's end; all, if there are none of it."""
    return [result for result in results if result.get("step") is None] or results


def keep_result(path, result, kind="probes"):
    """Adds a result, replacing an earlier one of the same request.

    Results of a request have the same data, layer, step of a run that has not ended, probes and
    kNN temperature, or, for fine-tuning, the same selection of labels.

    Args:
        path: of metrics.json; written atomically.
        result: dict returned by `evaluate` or `finetune`.
        kind: see `read_results`.
    """
    path = Path(path)
    kept = _read(path)
    others = [old for old in kept.get(kind, []) if _request(old) != _request(result)]
    write_noted(path, json.dumps({**kept, kind: [*others, result]}, indent=1) + "\n")


def _read(path):
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _request(result):
    data = {name: value for name, value in result["data"].items() if value is not None}
    probes = list(result.get("probes", DEFAULT))
    of = (result["layer"], result.get("step"), result.get("labels"))
    return data, probes, temperature_of(result), *of
