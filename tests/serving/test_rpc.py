"""The gRPC side as a client with the protocol buffers of TensorFlow Serving meets it."""

import contextlib
import socket

import numpy as np
import pytest
import tensorflow as tf

pytest.importorskip("tensorflow_serving", reason="the extra serve is not installed")

import grpc
from tensorflow_serving.apis.get_model_metadata_pb2 import GetModelMetadataRequest, SignatureDefMap
from tensorflow_serving.apis.get_model_status_pb2 import GetModelStatusRequest, ModelVersionStatus
from tensorflow_serving.apis.model_service_pb2_grpc import ModelServiceStub
from tensorflow_serving.apis.predict_pb2 import PredictRequest
from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

from mmssl.serving.limits import Limits
from mmssl.serving.rpc import grpc_server
from mmssl.serving.service import Service
from tests.tolerances import NETWORK, assert_close


@contextlib.contextmanager
def channel_to(*models, limits=None):
    with (
        contextlib.closing(Service(list(models), limits)) as service,
        grpc_server(service, "127.0.0.1", 0) as port,
        grpc.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        channel.service = service
        yield channel


@pytest.fixture(scope="module")
def channel(toy, sound_model):
    with channel_to(toy, sound_model, limits=Limits(batch=4, body_bytes=100_000)) as channel:
        yield channel


def predict_request(name="half_plus_two", signature="", version=None, **inputs):
    request = PredictRequest()
    request.model_spec.name = name
    request.model_spec.signature_name = signature
    if version is not None:
        request.model_spec.version.value = version
    for key, value in inputs.items():
        request.inputs[key].CopyFrom(tf.make_tensor_proto(value))
    return request


def predict(channel, request):
    return PredictionServiceStub(channel).Predict(request, timeout=60)


def refused(channel, request, code):
    with pytest.raises(grpc.RpcError) as error:
        predict(channel, request)
    assert error.value.code() is code
    return error.value.details()


def test_a_tensor_is_answered_by_a_tensor(channel):
    response = predict(channel, predict_request(x=np.float32([1, 2, 5]), version=123))
    assert tf.make_ndarray(response.outputs["y"]).tolist() == [2.5, 3.0, 4.5]
    assert (response.model_spec.name, response.model_spec.version.value) == ("half_plus_two", 123)
    assert response.model_spec.signature_name == "serving_default"


def test_strings_go_and_come_as_bytes(channel):
    sent = [b"\xff\0", b"text"]
    response = predict(channel, predict_request(signature="echo", text=sent))
    assert tf.make_ndarray(response.outputs["text"]).tolist() == sent


def test_only_the_outputs_that_are_asked_for_are_sent(channel, sound_model):
    draw = np.random.default_rng(0)
    inputs = {
        "waveform": draw.uniform(-0.1, 0.1, (2, 4000)).astype("float32"),
        "padding_mask": np.ones((2, 4000), "int32"),
    }
    request = predict_request("speech", "embed", **inputs)
    request.output_filter.append("embedding")
    response = predict(channel, request)
    assert list(response.outputs) == ["embedding"]
    expected = sound_model.signatures["embed"](inputs)["embedding"]
    assert_close(tf.make_ndarray(response.outputs["embedding"]), expected, NETWORK)
    request.output_filter.append("logits")
    assert "logits" in refused(channel, request, grpc.StatusCode.INVALID_ARGUMENT)


@pytest.mark.parametrize(
    ("request_of", "code", "said"),
    [
        ({"name": "half"}, "NOT_FOUND", "Servable not found for request: Latest(half)"),
        ({"version": 9}, "NOT_FOUND", "Specific(half_plus_two, 9)"),
        ({"name": ""}, "INVALID_ARGUMENT", "Missing ModelSpec"),
        ({"signature": "no"}, "INVALID_ARGUMENT", "not found in signature def"),
        ({}, "INVALID_ARGUMENT", "takes the inputs x; got none"),
        ({"x": np.int32([1])}, "INVALID_ARGUMENT", "x is of type int32, expected float32"),
        ({"x": np.float32([[1]])}, "INVALID_ARGUMENT", "x has the shape [1, 1]; it takes [?]"),
        ({"x": np.ones(5, "float32")}, "INVALID_ARGUMENT", "x has 5 examples; at most 4"),
        ({"signature": "positive", "x": np.float32([-1])}, "INVALID_ARGUMENT", "above 0"),
    ],
)
def test_what_is_wrong_is_refused_with_the_reason(request_of, code, said, channel):
    details = refused(channel, predict_request(**request_of), grpc.StatusCode[code])
    assert said in details


def test_a_shape_that_is_stated_but_not_sent_takes_no_memory(channel):
    request = predict_request(x=np.float32([1]))
    request.inputs["x"].tensor_shape.dim[0].size = 10**12
    details = refused(channel, request, grpc.StatusCode.INVALID_ARGUMENT)
    assert details == "x is too large: at most 100000 bytes."
    request.inputs["x"].tensor_shape.dim[0].size = -1
    assert "too large" in refused(channel, request, grpc.StatusCode.INVALID_ARGUMENT)


def test_a_message_that_is_too_large_is_refused(channel):
    request = predict_request(signature="echo", text=[b"x" * 100_001])
    details = refused(channel, request, grpc.StatusCode.RESOURCE_EXHAUSTED)
    assert "100000" in details


def test_a_version_label_is_unknown(channel):
    request = predict_request(x=np.float32([1]))
    request.model_spec.version_label = "canary"
    assert "canary" in refused(channel, request, grpc.StatusCode.INVALID_ARGUMENT)


def test_classify_is_not_implemented(channel):
    from tensorflow_serving.apis.classification_pb2 import ClassificationRequest

    with pytest.raises(grpc.RpcError) as error:
        PredictionServiceStub(channel).Classify(ClassificationRequest(), timeout=60)
    assert error.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_metadata_is_the_map_of_signatures(channel, toy):
    request = GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = "half_plus_two"
    response = PredictionServiceStub(channel).GetModelMetadata(request, timeout=60)
    signatures = SignatureDefMap()
    assert response.metadata["signature_def"].Unpack(signatures)
    assert dict(signatures.signature_def) == toy.signature_defs
    request.metadata_field[:] = ["weights"]
    with pytest.raises(grpc.RpcError, match="takes signature_def alone"):
        PredictionServiceStub(channel).GetModelMetadata(request, timeout=60)


def test_the_status_of_a_model(channel):
    request = GetModelStatusRequest()
    request.model_spec.name = "half_plus_two"
    (status,) = ModelServiceStub(channel).GetModelStatus(request, timeout=60).model_version_status
    assert (status.version, status.state) == (123, ModelVersionStatus.AVAILABLE)
    assert status.status.error_code == 0
    request.model_spec.version.value = 9
    with pytest.raises(grpc.RpcError, match="Could not find version 9"):
        ModelServiceStub(channel).GetModelStatus(request, timeout=60)


def test_a_failure_gives_nothing_away_and_is_counted(toy, monkeypatch):
    with channel_to(toy) as channel:
        monkeypatch.setattr(channel.service, "submit", lambda *_: 1 / 0)
        request = predict_request(x=np.float32([1]))
        details = refused(channel, request, grpc.StatusCode.INTERNAL)
        metrics = channel.service.metrics.text().decode()
    assert details == "The server failed; its log says why."
    assert 'mmssl_requests_total{api="grpc",code="INTERNAL",model="half_plus_two"} 1.0' in metrics


def test_a_port_in_use_is_named(toy):
    with socket.create_server(("127.0.0.1", 0)) as taken, contextlib.closing(Service([toy])) as s:
        port = taken.getsockname()[1]
        with (
            pytest.raises(OSError, match=rf"127\.0\.0\.1:{port} cannot be listened on for gRPC"),
            grpc_server(s, "127.0.0.1", port),
        ):
            pass
