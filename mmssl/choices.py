"""Arguments that are one of a few words."""

from types import NoneType
from typing import get_args, get_type_hints


def check_choices(function, **given):
    """Refuses what is none of the words that a signature lists, as a misspelt one.

    Args:
        function: whose arguments are annotated by `Literal`, or `Literal | None`.
        **given: values, by the names of its arguments.

    Raises:
        ValueError: a value is not listed.
    """
    hints = get_type_hints(function)
    for name, value in given.items():
        listed = _listed(hints[name])
        if value not in listed:
            owner = function.__qualname__.removesuffix(".__init__")
            words = " or ".join(map(repr, listed))
            raise ValueError(f"{owner}({name}={value!r}) is unknown; {name} is {words}.")


def _listed(hint):
    """Values of a `Literal`, one inside `| None` too."""
    if hint is NoneType:
        return [None]
    return [value for part in get_args(hint) for value in (_listed(part) or [part])]
