"""The server's gRPC side: PredictionService and ModelService of TensorFlow Serving."""

import contextlib
import logging
import math
from concurrent import futures

import grpc
import tensorflow as tf
from tensorflow_serving.apis.get_model_metadata_pb2 import GetModelMetadataResponse, SignatureDefMap
from tensorflow_serving.apis.get_model_status_pb2 import GetModelStatusResponse, ModelVersionStatus
from tensorflow_serving.apis.model_service_pb2_grpc import (
    ModelServiceServicer,
    add_ModelServiceServicer_to_server,
)
from tensorflow_serving.apis.predict_pb2 import PredictResponse
from tensorflow_serving.apis.prediction_service_pb2_grpc import (
    PredictionServiceServicer,
    add_PredictionServiceServicer_to_server,
)

from mmssl.serving.contract import DEFAULT_SIGNATURE, Call, specs_of
from mmssl.serving.errors import RefusedError, invalid
from mmssl.serving.tensors import check_shape

logger = logging.getLogger(__name__)

_METADATA = "signature_def"
_AGE = 10  # times the limits of time that a connection lives; what hangs in it ends with it


@contextlib.contextmanager
def grpc_server(service, host, port):
    """Answers gRPC inside the block; at its end what is being answered is finished.

    Args:
        service: `mmssl.serving.service.Service`.
        host: address to listen on.
        port: int; 0 for any that is free.

    Yields:
        int, the port.

    Raises:
        OSError: the port cannot be listened on.
    """
    limits = service.limits
    seconds = limits.request_seconds + limits.read_seconds
    options = {
        "grpc.max_receive_message_length": limits.body_bytes,
        "grpc.max_send_message_length": -1,
        "grpc.max_connection_age_ms": math.ceil(1000 * _AGE * seconds),
        "grpc.max_connection_age_grace_ms": math.ceil(1000 * seconds),
        "grpc.so_reuseport": 0,
    }
    server = grpc.server(
        futures.ThreadPoolExecutor(limits.queue, "grpc"),
        options=tuple(options.items()),
        maximum_concurrent_rpcs=limits.queue,
    )
    add_PredictionServiceServicer_to_server(_Prediction(service), server)
    add_ModelServiceServicer_to_server(_Models(service), server)
    try:
        bound = server.add_insecure_port(f"{host}:{port}")
    except RuntimeError:
        raise OSError(f"{host}:{port} cannot be listened on for gRPC.") from None
    server.start()
    try:
        yield bound
    finally:
        server.stop(seconds).wait()


class _Prediction(PredictionServiceServicer):
    def __init__(self, service):
        self._service = service

    def Predict(self, request, context):  # noqa: N802 - the name in the protocol
        with _answering(self._service, request, context):
            model = _model(self._service, request)
            with self._service.admitted(model):
                call = _call(request, model, self._service.limits)
                outputs = self._computed(model, call, context)
                return _response(request, model, call, outputs)

    def GetModelMetadata(self, request, context):  # noqa: N802
        with _answering(self._service, request, context):
            if list(request.metadata_field) != [_METADATA]:
                raise invalid(f"metadata_field takes {_METADATA} alone.")
            model = _model(self._service, request)
            response = GetModelMetadataResponse()
            _fill_spec(response.model_spec, model)
            signatures = SignatureDefMap(signature_def=model.signature_defs)
            response.metadata[_METADATA].Pack(signatures)
            return response

    def _computed(self, model, call, context):
        limit = self._service.limits.request_seconds
        remaining = context.time_remaining()
        seconds = limit if remaining is None else min(limit, remaining)
        future = self._service.submit(model, call)
        try:
            return future.result(seconds)
        except futures.TimeoutError:
            future.cancel()
            raise RefusedError("DEADLINE_EXCEEDED", f"No answer within {seconds:g} s.") from None


class _Models(ModelServiceServicer):
    def __init__(self, service):
        self._service = service

    def GetModelStatus(self, request, context):  # noqa: N802
        with _answering(self._service, request, context):
            versions = self._service.versions(*_named(request))
            response = GetModelStatusResponse()
            for version, state in versions.items():
                status = response.model_version_status.add(
                    version=version, state=ModelVersionStatus.State.Value(state)
                )
                status.status.SetInParent()  # which is OK
            return response


@contextlib.contextmanager
def _answering(service, request, context):
    """Turns what is refused into a status, and counts it."""
    name, code, reason = request.model_spec.name, "OK", None
    try:
        yield
    except RefusedError as error:
        code, reason = error.code, str(error)
    except Exception:
        logger.exception("A gRPC request failed.")
        code, reason = "INTERNAL", "The server failed; its log says why."
    service.metrics.count(name, "grpc", code)
    if reason is not None:
        context.abort(grpc.StatusCode[code], reason)


def _named(request):
    spec = request.model_spec
    if not spec.name:
        raise invalid("Missing ModelSpec")
    if spec.version_label:
        raise invalid(f"Unrecognized servable version label: {spec.version_label}")
    return spec.name, spec.version.value if spec.HasField("version") else None


def _model(service, request):
    return service.find(*_named(request))


def _call(request, model, limits):
    signature = request.model_spec.signature_name or DEFAULT_SIGNATURE
    specs = specs_of(signature, model.specs)
    if set(request.inputs) != set(specs):
        raise invalid(
            f"The signature takes the inputs {','.join(sorted(specs))}; "
            f"got {','.join(sorted(request.inputs)) or 'none'}."
        )
    inputs = {
        name: _array(request.inputs[name], spec, name, limits) for name, spec in specs.items()
    }
    return Call(signature, inputs)


def _array(proto, spec, name, limits):
    found, wanted = tf.as_dtype(proto.dtype), tf.as_dtype(spec.dtype)
    if found != wanted:
        raise invalid(f"{name} is of type {found.name}, expected {wanted.name}.")
    # A tensor may state any shape and give one value for all of it.
    size = math.prod(dim.size for dim in proto.tensor_shape.dim)
    if not 0 <= size * max(wanted.size or 1, 1) <= limits.body_bytes:
        raise invalid(f"{name} is too large: at most {limits.body_bytes} bytes.")
    try:
        array = tf.make_ndarray(proto)
    except (TypeError, ValueError) as error:
        raise invalid(f"{name} is no tensor: {error}") from None
    check_shape(array, spec, name)
    return array


def _response(request, model, call, outputs):
    unknown = sorted(set(request.output_filter) - set(outputs))
    if unknown:
        raise invalid(f"output tensor alias not found in signature: {unknown[0]}")
    response = PredictResponse()
    _fill_spec(response.model_spec, model)
    response.model_spec.signature_name = call.signature
    for name in request.output_filter or outputs:
        response.outputs[name].CopyFrom(tf.make_tensor_proto(outputs[name]))
    return response


def _fill_spec(spec, model):
    spec.name, spec.version.value = model.name, model.version
