"""Data sources, and the check that their items can be read."""

import importlib

_MODULES = {"Source": "source", "open_source": "opening", "write_shards": "shards"}
__all__ = ["Source", "open_source", "write_shards"]


def __getattr__(name):
    # Files are found and tables read without TensorFlow, which opening a source imports.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
