"""SavedModel, LiteRT and ONNX files, each run and compared with Keras before it is kept."""

from mmssl.deploy.checked import ExportError, ExportMismatchError, ExportResult
from mmssl.deploy.example import example_inputs
from mmssl.deploy.formats import FORMATS, export
from mmssl.deploy.generator import export_generator, write_generator
from mmssl.deploy.precision import as_float32
from mmssl.deploy.quantized import QuantizedResult, export_quantized
from mmssl.deploy.raw import export_raw, export_raw_classifier
from mmssl.deploy.raw_litert import export_raw_litert, export_raw_litert_classifier
from mmssl.deploy.reader import load_exported
from mmssl.deploy.runs import export_classifier, export_run
from mmssl.deploy.serving_files import write_serving_files
from mmssl.deploy.signatures import load_signatures
from mmssl.deploy.stream import Stream, export_stream, write_stream

__all__ = [
    "FORMATS",
    "ExportError",
    "ExportMismatchError",
    "ExportResult",
    "QuantizedResult",
    "Stream",
    "as_float32",
    "example_inputs",
    "export",
    "export_classifier",
    "export_generator",
    "export_quantized",
    "export_raw",
    "export_raw_classifier",
    "export_raw_litert",
    "export_raw_litert_classifier",
    "export_run",
    "export_stream",
    "load_exported",
    "load_signatures",
    "write_generator",
    "write_serving_files",
    "write_stream",
]
