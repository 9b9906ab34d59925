"""Tables: rows of numbers and categories, with gaps."""

import importlib

_MODULES = {
    "CorruptedRows": "targets",
    "LatentRows": "targets",
    "MarginalViews": "marginals",
    "Schema": "schema",
    "TableRows": "rows",
    "TargetRows": "targets",
}
__all__ = ["CorruptedRows", "LatentRows", "MarginalViews", "Schema", "TableRows", "TargetRows"]


def __getattr__(name):
    # Files are looked at without TensorFlow, which batches are made with.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
