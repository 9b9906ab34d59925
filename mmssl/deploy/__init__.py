"""SavedModel, LiteRT and ONNX files, each run and compared with Keras before it is kept."""

import importlib

_MODULES = {
    "FORMATS": "formats",
    "ExportError": "checked",
    "ExportMismatchError": "checked",
    "ExportResult": "checked",
    "QuantizedResult": "quantized",
    "Stream": "stream",
    "as_float32": "precision",
    "example_inputs": "example",
    "export": "formats",
    "export_classifier": "runs",
    "export_generator": "generator",
    "export_quantized": "quantized",
    "export_raw": "raw",
    "export_raw_classifier": "raw",
    "export_raw_litert": "raw_litert",
    "export_raw_litert_classifier": "raw_litert",
    "export_run": "runs",
    "export_stream": "stream",
    "export_tokenizer": "tokenizer",
    "load_exported": "reader",
    "load_signatures": "signatures",
    "write_generator": "generator",
    "write_serving_files": "serving_files",
    "write_stream": "stream",
}
__all__ = list(_MODULES)


def __getattr__(name):
    # Who exports to one format, or only copies an encoder to float32, imports nothing of the rest.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
