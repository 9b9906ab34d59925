"""Optional packages, and how to install one that is missing."""

import importlib.util


def require(extra, *modules):
    """Checks that the packages of an optional extra can be imported.

    Args:
        extra: Name of the extra of mmssl that provides them, such as `"onnx"`.
        *modules: Names of the modules to be imported.

    Raises:
        ImportError: One of them is not installed; the message says how to install it.
    """
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        raise ImportError(
            f"{' and '.join(missing)} not found. Install with, in the checkout of mmssl: "
            f"pip install '.[{extra}]'"
        )
