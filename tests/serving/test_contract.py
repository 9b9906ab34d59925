"""Bodies of TensorFlow Serving's documentation, https://www.tensorflow.org/tfx/serving/api_rest."""

import json

import numpy as np
import pytest

from mmssl.serving.contract import (
    error_body,
    json_bytes,
    metadata_body,
    parse_predict,
    predict_body,
    status_body,
)
from mmssl.serving.errors import RefusedError
from mmssl.serving.paths import Target, parse_path
from mmssl.serving.tensors import Spec

FLOAT, INT, STRING = (np.dtype(name) for name in ("float32", "int32", "object"))
SIGNATURES = {
    "serving_default": {"x": Spec(FLOAT, (None,))},
    "words": {"word": Spec(STRING, (None,))},
    "pairs": {"pair": Spec(FLOAT, (None, 1, 2))},
    "counts": {"n": Spec(INT, (None,))},
    "sensors": {
        "tag": Spec(STRING, (None,)),
        "signal": Spec(FLOAT, (None, 5)),
        "sensor": Spec(FLOAT, (None, 2, 2)),
    },
    "captions": {"image": Spec(STRING, (None,)), "caption": Spec(STRING, (None,))},
    "waves": {"waveform": Spec(FLOAT, (None, None))},
}


def parsed(body, signature=None):
    document = json.loads(body)
    if signature:
        document["signature_name"] = signature
    return parse_predict(json.dumps(document).encode(), SIGNATURES)


def refused(body):
    with pytest.raises(RefusedError) as error:
        parse_predict(body, SIGNATURES)
    assert error.value.status == 400
    return str(error.value)


ROWS = """{
 "instances": [
   {"tag": "foo", "signal": [1, 2, 3, 4, 5], "sensor": [[1, 2], [3, 4]]},
   {"tag": "bar", "signal": [3, 4, 1, 2, 5], "sensor": [[4, 5], [6, 8]]}
 ]
}"""
COLUMNS = """{
 "inputs": {
   "tag": ["foo", "bar"],
   "signal": [[1, 2, 3, 4, 5], [3, 4, 1, 2, 5]],
   "sensor": [[[1, 2], [3, 4]], [[4, 5], [6, 8]]]
 }
}"""


@pytest.mark.parametrize("body", [ROWS, COLUMNS])
def test_the_documented_rows_and_columns_are_the_same_tensors(body):
    call = parsed(body, "sensors")
    assert call.rows == (body == ROWS)
    assert call.inputs["tag"].tolist() == [b"foo", b"bar"]
    assert call.inputs["signal"].tolist() == [[1, 2, 3, 4, 5], [3, 4, 1, 2, 5]]
    assert call.inputs["sensor"].tolist() == [[[1, 2], [3, 4]], [[4, 5], [6, 8]]]
    assert call.inputs["sensor"].dtype == np.float32


def test_the_only_input_needs_no_name():
    words = parsed('{"instances": [ "foo", "bar", "baz" ]}', "words")
    assert words.inputs["word"].tolist() == [b"foo", b"bar", b"baz"]
    pairs = parsed('{"instances": [ [[1, 2]], [[3, 4]] ]}', "pairs")
    assert pairs.inputs["pair"].tolist() == [[[1, 2]], [[3, 4]]]
    named = parsed('{"inputs": {"word": ["foo"]}}', "words")
    assert named.inputs["word"].tolist() == [b"foo"]


def test_base64_values_are_bytes():
    body = """{"instances": [
        {"image": { "b64": "aW1hZ2UgYnl0ZXM=" }, "caption": "seaside"},
        {"image": { "b64": "YXdlc29tZSBpbWFnZSBieXRlcw==" }, "caption": "mountains"}
    ]}"""
    call = parsed(body, "captions")
    assert call.inputs["image"].tolist() == [b"image bytes", b"awesome image bytes"]
    assert call.inputs["caption"].tolist() == [b"seaside", b"mountains"]
    alone = parsed('{"instances": [{"b64": "aW1hZ2UgYnl0ZXM="}]}', "words")
    assert alone.inputs["word"].tolist() == [b"image bytes"]


def test_numbers_that_are_not_finite_are_let_through():
    call = parse_predict(b'{"instances": [1.0, -3.14, NaN, -Infinity]}', SIGNATURES)
    np.testing.assert_array_equal(call.inputs["x"], np.float32([1.0, -3.14, np.nan, -np.inf]))


def test_an_empty_batch_has_the_rank_of_its_input():
    call = parsed('{"inputs": {"waveform": []}}', "waves")
    assert call.inputs["waveform"].shape == (0, 0)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "JSON Parse error: The document is empty"),
        (b"instances = [1, 2]", "JSON Parse error: "),
        (b"\xff\xfe", "JSON Parse error: "),
        (b"[" * 100_000, "nested too deeply"),
        (b"[1, 2]", "not an object"),
        (b"{}", "Missing 'inputs' or 'instances' key"),
        (b'{"instances": [1], "inputs": [1]}', "only one of 'inputs' or 'instances'"),
        (b'{"instances": 1}', "to be a list/array"),
        (b'{"instances": []}', "No values in 'instances' array"),
        (b'{"instances": [1], "signature_name": 3}', "'signature_name' key must be a string"),
        (b'{"instances": [1], "signature_name": "no"}', '"no" not found in signature def; there'),
        (b'{"instances": ["foo"]}', "JSON Value: 'foo' is not of expected type: float32"),
        (b'{"instances": [true]}', "JSON Value: True is not of expected type: float32"),
        (b'{"instances": [null]}', "JSON Value: None is not of expected type: float32"),
        (b'{"instances": [{"b64": "QQ=="}]}', "is not of expected type: float32"),
        (b'{"instances": [1e39]}', "Cannot convert JSON value: 1e+39 to float32"),
        (b'{"instances": [1, [2]]}', "lists of different lengths or depths at level 1"),
        (b'{"instances": [[1], 2]}', "lists of different lengths or depths at level 1"),
        (b'{"instances": [[1]]}', "x has the shape [1, 1]; it takes [?]"),
        (b'{"inputs": 1}', "x has the shape []; it takes [?]"),
        (b'{"inputs": {"y": [1]}}', "Missing named input: x in 'inputs' object"),
        (b'{"instances": [{"x": 1}, 2]}', "Expecting object but got value/list at item 1"),
        (b'{"instances": [{"x": 1, "z": 2}]}', "keys must be equal to: x; got x,z"),
        (b'{"instances": [1], "signature_name": "sensors"}', "sensor,signal,tag"),
        (b'{"instances": [{"b64": "A"}], "signature_name": "words"}', "Unable to base64 decode"),
        (b'{"instances": [1.5], "signature_name": "counts"}', "1.5 is not of expected type: int32"),
        (b'{"instances": [2147483648], "signature_name": "counts"}', "2147483648 to int32"),
        (b'{"inputs": [[[1, 2, 3]]], "signature_name": "pairs"}', "takes [?, 1, 2]"),
    ],
)
def test_a_body_that_is_wrong_is_refused_with_the_reason(body, said):
    assert said in refused(body)


def test_one_output_is_sent_without_its_name():
    outputs = {"y": np.float32([2.5, 3.0, 4.5])}
    assert json.loads(predict_body(outputs, rows=True)) == {"predictions": [2.5, 3.0, 4.5]}
    assert json.loads(predict_body(outputs, rows=False)) == {"outputs": [2.5, 3.0, 4.5]}


def test_several_outputs_are_sent_by_name():
    outputs = {"a": np.float32([[1], [2]]), "b": np.int32([3, 4])}
    rows, columns = predict_body(outputs, rows=True), predict_body(outputs, rows=False)
    assert json.loads(rows) == {"predictions": [{"a": [1], "b": 3}, {"a": [2], "b": 4}]}
    assert json.loads(columns) == {"outputs": {"a": [[1], [2]], "b": [3, 4]}}


def test_outputs_of_bytes_are_in_base64_where_their_name_says_so():
    outputs = {"y_bytes": np.array([b"\xff"], object), "y": np.array([b"text"], object)}
    (row,) = json.loads(predict_body(outputs, rows=True))["predictions"]
    assert row == {"y_bytes": {"b64": "/w=="}, "y": "text"}
    with pytest.raises(RefusedError, match="not UTF-8"):
        predict_body({"y": outputs["y_bytes"]}, rows=True)


def test_outputs_of_different_batch_sizes_do_not_go_into_rows():
    for other in (np.float32([1]), np.float32(1)):
        with pytest.raises(RefusedError, match="'inputs' instead of 'instances'"):
            predict_body({"a": np.float32([1, 2]), "b": other}, rows=True)


def test_float32_is_written_in_its_own_digits_and_read_back_exactly():
    values = np.random.default_rng(0).normal(size=64).astype("float32")
    text = json_bytes({"outputs": values})
    assert len(text) < 13 * len(values)
    np.testing.assert_array_equal(np.float32(json.loads(text)["outputs"]), values)


def test_outputs_that_are_not_finite_are_written_as_such():
    assert json_bytes({"outputs": np.float32([np.nan, np.inf, 1])}) == (
        b'{"outputs": [NaN, Infinity, 1.0]}'
    )


def test_the_status_is_that_of_the_documentation():
    documented = """{
     "model_version_status": [
      {"version": "123", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
     ]
    }"""
    assert json.loads(status_body({123: "AVAILABLE"})) == json.loads(documented)


def test_the_status_is_the_protocol_buffers_own_json():
    pytest.importorskip("tensorflow_serving", reason="the extra serve is not installed")
    from google.protobuf.json_format import MessageToDict, Parse
    from tensorflow_serving.apis.get_model_status_pb2 import GetModelStatusResponse

    body = status_body({1: "UNLOADING", 2: "AVAILABLE"})
    proto = Parse(body, GetModelStatusResponse())
    assert [status.version for status in proto.model_version_status] == [1, 2]
    assert MessageToDict(
        proto, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    ) == json.loads(body)


def test_the_metadata_name_inputs_and_outputs():
    from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef

    proto = SignatureDef(method_name="tensorflow/serving/predict")
    proto.inputs["x"].name, proto.inputs["x"].dtype = "x:0", 1
    proto.inputs["x"].tensor_shape.dim.add().size = -1
    body = json.loads(metadata_body("half", 123, {"serving_default": proto}))
    assert body["model_spec"] == {"name": "half", "signature_name": "", "version": "123"}
    shown = body["metadata"]["signature_def"]["signature_def"]["serving_default"]
    assert shown["method_name"] == "tensorflow/serving/predict"
    assert shown["inputs"]["x"] == {
        "name": "x:0",
        "dtype": "DT_FLOAT",
        "tensor_shape": {"dim": [{"size": "-1", "name": ""}], "unknown_rank": False},
    }


def test_an_error_is_an_object_with_its_reason():
    reason = "Servable not found for request: Latest(half)"
    assert json.loads(error_body(reason)) == {"error": reason}


@pytest.mark.parametrize(
    ("method", "path", "target"),
    [
        ("GET", "/v1/models/half", Target("status", "half")),
        ("GET", "/v1/models/half/versions/3", Target("status", "half", 3)),
        ("GET", "/v1/models/half/metadata", Target("metadata", "half")),
        ("GET", "/v1/models/half/versions/3/metadata", Target("metadata", "half", 3)),
        ("POST", "/v1/models/half:predict", Target("predict", "half")),
        ("POST", "/v1/models/my%20run/versions/3:predict", Target("predict", "my run", 3)),
    ],
)
def test_paths_name_model_version_and_what_is_asked(method, path, target):
    assert parse_path(method, path) == target


@pytest.mark.parametrize(
    ("method", "path", "code", "said"),
    [
        ("GET", "/v1/foo", "INVALID_ARGUMENT", "Malformed request: GET /v1/foo"),
        ("POST", "/v1/foo", "INVALID_ARGUMENT", "Malformed request"),
        ("GET", "/v1/models", "INVALID_ARGUMENT", "Missing model name"),
        ("POST", "/v1/models", "INVALID_ARGUMENT", "Malformed request"),
        ("PUT", "/v1/models/foo:predict", "INVALID_ARGUMENT", "Malformed request"),
        ("GET", "/v1/models/foo:predict", "INVALID_ARGUMENT", "Malformed request"),
        ("GET", "/v1/models/foo/version/50:predict", "INVALID_ARGUMENT", "Malformed request"),
        ("POST", "/v1/models/foo/versions/HELLO:predict", "INVALID_ARGUMENT", "Malformed request"),
        (
            "POST",
            f"/v1/models/foo/versions/{2**64 - 1}:predict",
            "INVALID_ARGUMENT",
            "Failed to convert version",
        ),
        ("POST", "/v1/models/foo/labels/canary:predict", "INVALID_ARGUMENT", "canary"),
        ("POST", "/v1/models/foo:regress", "UNIMPLEMENTED", ":predict"),
    ],
)
def test_paths_that_are_refused(method, path, code, said):
    with pytest.raises(RefusedError, match=said) as error:
        parse_path(method, path)
    assert error.value.code == code
