"""Validation of arguments annotated with `Literal`."""

from types import NoneType
from typing import get_args, get_type_hints


def check_choices(function, **given):
    """Checks that arguments have values that the function's signature allows.

    Args:
        function: function whose arguments are annotated with `Literal` or `Literal | None`.
        **given: values, by argument name.

    Raises:
        ValueError: a value is not allowed.
    """
    hints = get_type_hints(function)
    for name, value in given.items():
        listed = _listed(hints[name])
        if value not in listed:
            owner = function.__qualname__.removesuffix(".__init__")
            words = " or ".join(map(repr, listed))
            raise ValueError(f"{owner}({name}={value!r}) is unknown; {name} must be {words}.")


def _listed(hint):
    """Values that a `Literal` or `Literal | None` allows."""
    if hint is NoneType:
        return [None]
    return [value for part in get_args(hint) for value in (_listed(part) or [part])]
