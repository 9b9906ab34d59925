"""The keys of a recipe, as they are written on the command line."""

import difflib
import inspect
from dataclasses import is_dataclass
from typing import get_args, get_type_hints

from mmssl.runs.classes import imported


def flat(section, prefix=""):
    """Flattens a recipe into dotted keys and their values.

    Args:
        section: dict returned by `read_recipe`, or a part of it.
        prefix: str, prefix of the keys.

    Yields:
        Pairs of a key, such as `"method.encoder.width"`, and its value; tuples become lists, and
        empty dicts are kept.
    """
    for key, value in section.items():
        path = prefix if key == "init_args" else f"{prefix}.{key}".lstrip(".")
        if isinstance(value, dict) and value:
            yield from flat(value, path)
        else:
            yield path, list(value) if isinstance(value, tuple) else value


def known_keys(spec, prefix):
    """Lists the dotted names of everything that can be set below a section of a recipe.

    Args:
        spec: the section, whose classes have been checked, or a value in it.
        prefix: str, the name of the section.

    Returns:
        set of str.
    """
    if not isinstance(spec, dict):
        return {prefix}
    if "class_path" not in spec:  # several of a kind, by name, or a plain dict
        named = {f"{prefix}.{name}": value for name, value in spec.items()}
        return {prefix, *named}.union(*(known_keys(value, name) for name, value in named.items()))
    given = spec.get("init_args") or {}
    nested = (
        known_keys(given.get(name), f"{prefix}.{name}") | {f"{prefix}.{name}"}
        for name in _parameters(spec["class_path"])
    )
    return {f"{prefix}.class_path"}.union(*nested)


def plain_keys(section, prefix):
    """Lists the dotted names of everything that can be set in a section without classes.

    Args:
        section: dataclass; a field of it may be another one, or that and None.
        prefix: str, the name of the section.

    Yields:
        str.
    """
    for name, kind in get_type_hints(section).items():
        yield f"{prefix}.{name}"
        for nested in filter(is_dataclass, (kind, *get_args(kind))):
            yield from plain_keys(nested, f"{prefix}.{name}")


def given_keys(recipe, with_classes):
    """Lists the dotted names of everything that a recipe sets.

    Args:
        recipe: dict of sections.
        with_classes: names of the sections that have a `class_path` and `init_args`.

    Returns:
        list of str.
    """
    keys = []
    for name, section in recipe.items():
        keys += (
            _given_arguments(section, name)
            if name in with_classes
            else (key for key, _ in flat(section or {}, name))
        )
    return keys


def check_keys(given, known):
    """Rejects an unknown key, naming the closest known one.

    Args:
        given: list of dotted names.
        known: set of dotted names.

    Raises:
        ValueError: a key is not known.
    """
    for key in given:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1) or sorted(known)
            raise ValueError(f"There is no key {key!r}; did you mean {near[0]!r}?")


def _parameters(class_path):
    """Arguments of a class or function, including those that a class passes on to its bases."""
    target = imported(class_path)
    chain = [c.__init__ for c in target.__mro__] if isinstance(target, type) else [target]
    names = {n for f in chain for n in inspect.signature(f).parameters}
    return names - {"self", "args", "kwargs"}


def _given_arguments(spec, prefix):
    for name, value in (spec.get("init_args") or {}).items():
        yield f"{prefix}.{name}"
        yield from _given_within(value, f"{prefix}.{name}")


def _given_within(value, prefix):
    if not isinstance(value, dict):
        return
    if "class_path" in value:
        yield from _given_arguments(value, prefix)
        return
    for name, one in value.items():
        if isinstance(one, dict) and "class_path" in one:
            yield from _given_arguments(one, f"{prefix}.{name}")
