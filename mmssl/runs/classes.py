"""Which classes and functions a recipe or a run folder may name: importing a module runs it."""

import importlib
import inspect
import json
import typing
from pathlib import Path

import keras

from mmssl.methods.bases import Pretrainer
from mmssl.pipelines.pipeline import Pipeline
from mmssl.reading import load_yaml

KNOWN = ("mmssl", "keras", "keras_hub")  # packages whose import runs no stranger's code
KINDS = {"data": Pipeline, "method": Pretrainer}  # by section; below them stand networks alone
NETWORKS = (
    "encoder",
    "projector",
    "predictor",
    "discriminator",
)  # arguments that are a keras.Model
NAMED = {
    "data.sides": Pipeline,
    "method.towers": keras.Model,
    "method.levels": keras.Model,
}  # arguments that are several of a kind


def check_classes(sections, trust=()):
    """Refuses every class and function that may not be called; imports no unknown module for that.

    Args:
        sections: dict with a `data` or a `method` section, or both, as written in a recipe.
        trust: names of modules, with all below them, that may be imported besides mmssl and Keras.

    Raises:
        ValueError: a name stands for a module that is not trusted, for nothing, or for something
            else than a Pipeline (under `data`), a Pretrainer (under `method`), or a keras.Model or
            function that is annotated to return one (below them).
    """
    for section in KINDS.keys() & sections.keys():
        _check_values(sections[section], section, trust)


def check_overrides(overrides, trust=()):
    """Does the same for arguments of the command line.

    Args:
        overrides: list of str such as `["--method.encoder.class_path=x.Y", "--fit.steps", "3"]`.
        trust: see `check_classes`.

    Raises:
        ValueError: see `check_classes`.
    """
    for place, value, is_name in _given(overrides):
        if is_name:
            _check_name(value, place, trust)
        _check_values(value, place, trust)


def with_overrides(recipe, overrides):
    """Returns a recipe with the classes that arguments of the command line name in their places.

    Args:
        recipe: dict of sections; it is left as it is.
        overrides: see `check_overrides`, by which they have been checked.
    """
    for place, value, is_name in _given(overrides):
        spec = {"class_path": value} if is_name else value
        if isinstance(spec, dict) and "class_path" in spec:
            recipe = _placed(recipe, place.split("."), spec)
    return recipe


def with_runs(overrides):
    """Returns arguments of the command line in which a run named as a network is one to load.

    Args:
        overrides: list of str such as `["--method.towers.text=runs/bert"]`.
    """
    told = [*overrides]
    for i, item in enumerate(told):
        key, equals, value = item.partition("=")
        value = value if equals else "".join(told[i + 1 : i + 2])
        if key.rpartition(".")[0] == "--method.towers" and Path(value).expanduser().exists():
            spec = {"class_path": "mmssl.encoders.load_encoder", "init_args": {"path": value}}
            told[i : i + (1 if equals else 2)] = [f"{key}={json.dumps(spec)}"]
    return told


def _placed(holder, names, value):
    if len(names) == 1:
        return {**holder, names[0]: value}
    spec = holder.get(names[0]) or {}
    if "class_path" not in spec and spec:  # several of a kind, by name
        return {**holder, names[0]: _placed(spec, names[1:], value)}
    inner = _placed(spec.get("init_args") or {}, names[1:], value)
    return {**holder, names[0]: {**spec, "init_args": inner}}


def _given(overrides):
    """Yields place, value, and whether that is the name of a class, of each `--place=value`."""
    for i, item in enumerate(overrides):
        if not item.startswith("--"):
            continue
        key, equals, value = item[2:].partition("=")
        value = value if equals else "".join(overrides[i + 1 : i + 2])
        place = key.replace(".init_args", "").removesuffix(".class_path")
        loaded = _loaded(value)
        named = key.endswith(".class_path") or (_is_network(place) and isinstance(loaded, str))
        yield (place, value, True) if named else (place, loaded, False)


def imported(name):
    """Imports what a dotted name that has been checked stands for."""
    module, _, attribute = name.rpartition(".")
    return getattr(importlib.import_module(module), attribute)


def _check_values(value, place, trust):
    """Checks all names in a value, at any depth: a parser may call what stands in a list, too."""
    if isinstance(value, list):
        for item in value:
            _check_values(item, place, trust)
    if not isinstance(value, dict):
        return
    if "class_path" in value:
        _check_name(value["class_path"], place, trust)
    for key, item in value.items():
        inner = place if key in ("init_args", "dict_kwargs") else f"{place}.{key}"
        if isinstance(item, str) and _is_network(inner):
            _check_name(item, inner, trust)  # jsonargparse takes a bare name for a class, too
        _check_values(item, inner, trust)


def _is_network(place):
    return place.rpartition(".")[2] in NETWORKS or _is_named(place)


def _is_named(place):
    return place.rpartition(".")[0] in NAMED


def _kind_at(place):
    return KINDS.get(place) or NAMED.get(place.rpartition(".")[0], keras.Model)


def _check_name(name, place, trust):
    parts = name.split(".") if isinstance(name, str) else []
    if len(parts) < 2 or not all(part.isidentifier() for part in parts):
        raise ValueError(f"{place} names {name!r}, which is not module.Class.")
    if not _is_trusted(name, trust):
        module = name.rpartition(".")[0]
        raise ValueError(
            f"{place} names {name}, which is no part of mmssl or Keras and was not imported: "
            f"if you know that code, add --trust {module} (in Python, trust=[{module!r}])."
        )
    try:
        found = imported(name)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"{place} names {name}, which cannot be imported: {error}.") from None
    kind = _kind_at(place)
    if not _is_trusted(f"{getattr(found, '__module__', '')}.", trust) or not _makes(found, kind):
        known = name.startswith("keras.applications.")
        hint = "; give that name to mmssl.encoders.adapt as its model" if known else ""
        raise ValueError(
            f"{place} names {name}, which is not a {kind.__name__}: it was not called{hint}."
        )


def _is_trusted(name, trust):
    return any(name.startswith(f"{module}.") for module in (*KNOWN, *trust))


def _makes(found, kind):
    if isinstance(found, type):
        return issubclass(found, kind)
    if kind is not keras.Model or not inspect.isfunction(found):
        return False
    made = typing.get_type_hints(found).get("return")
    return isinstance(made, type) and issubclass(made, kind)


def _loaded(value):
    try:
        return load_yaml(value)
    except ValueError:
        return value
