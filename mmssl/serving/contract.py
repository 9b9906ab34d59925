"""Request and response bodies of TensorFlow Serving's REST API, as pure functions.

https://www.tensorflow.org/tfx/serving/api_rest
"""

import json
from dataclasses import dataclass

import numpy as np
import orjson

from mmssl.serving.errors import invalid
from mmssl.serving.tensors import array_from, check_shape, jsonable

DEFAULT_SIGNATURE = "serving_default"


@dataclass(frozen=True)
class Call:
    """A call of a signature.

    Attributes:
        signature: str, its name.
        inputs: dict of arrays by the name of the input.
        rows: whether the request was in row format, as its answer will be.
    """

    signature: str
    inputs: dict
    rows: bool = False

    @property
    def examples(self):
        """int, the size of its batch."""
        first = next(iter(self.inputs.values()))
        return len(first) if first.ndim else 1


def parse_predict(body, signatures):
    """Reads the body of a `:predict` request.

    Args:
        body: bytes, JSON with `instances` or `inputs`, and perhaps `signature_name`.
        signatures: dict by name of dicts of `Spec` by the name of the input.

    Returns:
        Call, whose inputs have the dtypes and fit the shapes of the specs.

    Raises:
        RefusedError: it is not such a body; the message says why.
    """
    document = _parsed(body)
    name = document.get("signature_name", "") or DEFAULT_SIGNATURE
    if not isinstance(name, str):
        raise invalid("'signature_name' key must be a string value.")
    specs = specs_of(name, signatures)
    if ("instances" in document) == ("inputs" in document):
        raise invalid(
            "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist"
            if "inputs" in document
            else "Missing 'inputs' or 'instances' key"
        )
    rows = "instances" in document
    values = _rows(document["instances"], specs) if rows else _columns(document["inputs"], specs)
    inputs = {key: array_from(values[key], spec, key) for key, spec in specs.items()}
    for key, array in inputs.items():
        check_shape(array, specs[key], key)
    return Call(name, inputs, rows)


def specs_of(name, signatures):
    """Returns the inputs of a signature.

    Raises:
        RefusedError: there is none of that name.
    """
    if name not in signatures:
        raise invalid(
            f'Serving signature name: "{name}" not found in signature def; there are '
            f"{', '.join(sorted(signatures))}."
        )
    if not signatures[name]:
        raise invalid(f"Failed to get input map for signature: {name}")
    return signatures[name]


def predict_body(outputs, rows):
    """Writes the answer to a `:predict` request.

    Args:
        outputs: dict of arrays by the name of the output; object arrays hold bytes, and are sent in
            base64 where their name ends in `_bytes`.
        rows: whether the request was in row format.

    Returns:
        bytes, JSON: under `predictions` one value an example, or under `outputs` one an output. The
        name of an output that is the only one is left out.

    Raises:
        RefusedError: the answer cannot be put into rows.
    """
    values = {
        name: jsonable(array, name.endswith("_bytes")) if array.dtype == object else array
        for name, array in outputs.items()
    }
    if not rows:
        return json_bytes({"outputs": values if len(values) > 1 else next(iter(values.values()))})
    sizes = {len(array) if np.ndim(array) else None for array in outputs.values()}
    if len(sizes) > 1 or None in sizes:
        raise invalid("The outputs differ in batch size: ask with 'inputs' instead of 'instances'.")
    if len(values) == 1:
        return json_bytes({"predictions": next(iter(values.values()))})
    columns = zip(*values.values(), strict=True)
    return json_bytes({"predictions": [dict(zip(values, row, strict=True)) for row in columns]})


def status_body(versions):
    """Writes the answer to a request for a model's status.

    Args:
        versions: dict of states, such as `"AVAILABLE"`, by int version.
    """
    return json_bytes(
        {
            "model_version_status": [
                {
                    "version": str(version),
                    "state": state,
                    "status": {"error_code": "OK", "error_message": ""},
                }
                for version, state in versions.items()
            ]
        }
    )


def metadata_body(name, version, signature_defs):
    """Writes the answer to a request for a model's metadata.

    Args:
        name: str, of the model.
        version: int.
        signature_defs: dict of `SignatureDef` protocol buffers by name.
    """
    from google.protobuf.json_format import MessageToDict

    shown = {
        key: MessageToDict(
            proto, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
        )
        for key, proto in signature_defs.items()
    }
    return json_bytes(
        {
            "model_spec": {"name": name, "signature_name": "", "version": str(version)},
            "metadata": {"signature_def": {"signature_def": shown}},
        }
    )


def error_body(reason):
    """Writes the body of an error."""
    return json_bytes({"error": reason})


def json_bytes(value):
    """Writes JSON; NaN and infinities are written as TensorFlow Serving does.

    Args:
        value: dicts, lists, strings, numbers and arrays of numbers.
    """
    if _finite(value):
        return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY, default=np.ndarray.tolist)
    return json.dumps(value, default=lambda array: array.tolist()).encode()


def _finite(value):
    if isinstance(value, dict):
        return all(map(_finite, value.values()))
    if isinstance(value, list):
        return all(map(_finite, value))
    return not isinstance(value, np.ndarray | np.floating) or bool(np.isfinite(value).all())


def _parsed(body):
    if not body.strip():
        raise invalid("JSON Parse error: The document is empty")
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        document = _parsed_slowly(body)  # NaN is no JSON, but part of the contract
    if not isinstance(document, dict):
        raise invalid("JSON Parse error: the document is not an object")
    return document


def _parsed_slowly(body):
    try:
        return json.loads(body)
    except RecursionError:
        raise invalid("JSON Parse error: nested too deeply") from None
    except UnicodeDecodeError:
        raise invalid("JSON Parse error: the document is not UTF-8") from None
    except ValueError as error:
        raise invalid(f"JSON Parse error: {error}") from None


def _rows(instances, specs):
    if not isinstance(instances, list):
        raise invalid("Expecting 'instances' to be a list/array")
    if not instances:
        raise invalid("No values in 'instances' array")
    named = [_is_named(row) for row in instances]
    if not any(named):
        return {_only(specs, "instances is a plain list"): instances}
    if not all(named):
        raise invalid(f"Expecting object but got value/list at item {named.index(False)}")
    for place, row in enumerate(instances):
        if set(row) != set(specs):
            raise invalid(
                f"Failed to process element: {place} of 'instances' list. JSON object: keys must "
                f"be equal to: {','.join(sorted(specs))}; got {','.join(sorted(row))}"
            )
    return {name: [row[name] for row in instances] for name in specs}


def _columns(values, specs):
    if not _is_named(values):
        return {_only(specs, "inputs is a plain value/list"): values}
    missing = sorted(set(specs) - set(values))
    if missing:
        raise invalid(f"Missing named input: {missing[0]} in 'inputs' object.")
    return values


def _is_named(value):
    return isinstance(value, dict) and set(value) != {"b64"}


def _only(specs, what):
    if len(specs) != 1:
        raise invalid(
            f"{what}, but expecting an object with one value for each of the inputs "
            f"{','.join(sorted(specs))}"
        )
    return next(iter(specs))
