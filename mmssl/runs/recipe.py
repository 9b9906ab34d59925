"""Recipes: YAML in the shape of the constructors' signatures."""

import jsonargparse

from mmssl.reading import load_yaml
from mmssl.recipes import recipe_path
from mmssl.runs.classes import (
    KINDS,
    check_classes,
    check_overrides,
    imported,
    with_overrides,
    with_runs,
)
from mmssl.runs.fit import Fit
from mmssl.runs.keys import check_keys, given_keys, known_keys, plain_keys
from mmssl.runs.probe import Probe
from mmssl.runs.sentence import sentence

PLAIN = {"fit": Fit, "probe": Probe}  # sections without a class to choose
SECTIONS = ("data", "method", *PLAIN)


def read_recipe(name, overrides=(), trust=()):
    """Reads a recipe and applies overrides, checking every key and value against the signatures.

    Args:
        name: one of `recipe_names()`, or the path of a YAML file.
        overrides: list of str such as `["--data.source", "folder", "--fit.steps=100"]`.
        trust: names of modules whose classes the recipe may name besides those of mmssl and Keras.

    Returns:
        dict with `data`, `method`, `fit` and `probe`, every argument filled in.

    Raises:
        ValueError: there is no such recipe, a key is unknown, a class is not trusted, or a value
            is not allowed by its signature or contradicts the data.
    """
    config, _ = open_recipe(name, overrides, trust)
    return config


def open_recipe(name, overrides=(), trust=(), folder=None):
    """Reads a recipe together with the pipeline that it was checked against, to train it.

    Args:
        name: see `read_recipe`.
        overrides: see `read_recipe`.
        trust: see `read_recipe`.
        folder: path of the run that begins or goes on with it; None for none. What that has kept,
            as a vocabulary, counts more than the file it was read from.

    Returns:
        Pair of the dict that `read_recipe` returns and the Pipeline of its `data` section, not
        prepared.

    Raises:
        ValueError: see `read_recipe`.
    """
    path = recipe_path(name)
    recipe, overrides = _read_yaml(path), with_runs(overrides)
    check_sections(recipe, path)
    check_classes(recipe, trust)
    check_overrides(overrides, trust)
    written = given_keys(recipe, KINDS)
    check_keys(written, _known_keys(recipe))
    overridden = [x[2:].partition("=")[0] for x in overrides if x.startswith("--")]
    overridden = [key.replace(".init_args.", ".") for key in overridden]
    check_keys(overridden, _known_keys(with_overrides(recipe, overrides)))
    arguments = ["--recipe", str(path), *overrides]
    config = _parsed(SECTIONS, lambda parser: parser.parse_args(arguments))
    _check_plain(config)
    data = build(config["data"])
    if folder is not None:
        data.reopen(folder)
    _follow(config, data, overrides)
    _share(config, data, [*written, *overridden])
    return config, data


def completed(config, trust=(), data=None, folder=None):
    """Fills in what the recipe in a run folder lacks, as one of an earlier version may.

    Args:
        config: dict with the sections of a recipe, as `read_recipe` returned them when the run
            began; other keys are kept.
        trust: see `read_recipe`.
        data: Pipeline of the data section; None to build it.
        folder: see `open_recipe`.

    Returns:
        dict; missing arguments have the defaults of the signatures, or follow the data.

    Raises:
        ValueError: a class is not trusted, a key is unknown, or a value is not allowed.
    """
    config = {**config, **{name: resolved(config, name, trust) for name in SECTIONS}}
    _check_plain(config)
    data = build(config["data"]) if data is None else data
    if folder is not None:
        data.reopen(folder)
    _follow(config, data, overrides=())
    _share(config, data, given=())
    return config


def check_sections(recipe, name):
    """Refuses what is no recipe at first sight.

    Args:
        recipe: value read from YAML.
        name: str, what the error calls it.

    Raises:
        ValueError: it is not a dict of sections, or data or method name no class.
    """
    if not isinstance(recipe, dict) or not set(recipe) <= set(SECTIONS):
        raise ValueError(f"{name} is not a recipe: its sections are {', '.join(SECTIONS)}.")
    for section in recipe:
        if not isinstance(recipe[section] or {}, dict):
            raise ValueError(f"{name} has no keys under {section}.")
    for section in KINDS:
        spec = recipe.get(section) or {}
        if "class_path" not in spec or not isinstance(spec.get("init_args") or {}, dict):
            raise ValueError(f"{name} names no class_path under {section}, with its init_args.")


def resolved(config, section, trust=()):
    """Fills in one section of the recipe in a run folder; see `completed`."""
    spec = {section: config.get(section) or {}}
    check_classes(spec, trust)
    check_keys(given_keys(spec, KINDS), _known_keys(spec))
    return _parsed([section], lambda parser: parser.parse_object(spec))[section]


def build(spec):
    """Builds what a recipe describes: each `{class_path, init_args}` becomes an object.

    Args:
        spec: a section of the dict that `read_recipe` or `completed` returns, whose classes have
            been checked, or any value in it.

    Returns:
        The object, its arguments built first; any other value is returned unchanged.
    """
    if not isinstance(spec, dict) or "class_path" not in spec:
        return spec
    arguments = {key: _built(value) for key, value in spec.get("init_args", {}).items()}
    return imported(spec["class_path"])(**arguments)


def _built(value):
    """Builds a value, or each of several that have names, as the towers of pairs."""
    if isinstance(value, dict) and "class_path" not in value:
        return {name: build(one) for name, one in value.items()}
    return build(value)


def _read_yaml(path):
    try:
        return load_yaml(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is not valid YAML: {error}") from None


def _parsed(sections, parse):
    """Checks values against the signatures, and fills in the defaults."""
    parser = jsonargparse.ArgumentParser(exit_on_error=False)
    parser.add_argument("--recipe", action="config")
    for section in sections:
        if section in KINDS:
            parser.add_subclass_arguments(KINDS[section], section, required=True)
        else:
            parser.add_class_arguments(PLAIN[section], section)
    try:
        parsed = parse(parser).as_dict()
    except jsonargparse.ArgumentError as error:
        raise ValueError(sentence(error)) from None
    return {section: parsed[section] for section in sections}


def _check_plain(config):
    for name, section in PLAIN.items():
        section(**config[name])


def _known_keys(recipe):
    plain = {key for name, section in PLAIN.items() for key in plain_keys(section, name)}
    return plain.union(*(known_keys(recipe[name], name) for name in KINDS if name in recipe))


def _follow(config, data, overrides):
    """Sets the data's own arguments that follow from a file, as the size of a vocabulary."""
    given = {override.partition("=")[0] for override in overrides}
    for place, arguments, pipeline in _pipelines(config["data"], data):
        for name, value in pipeline.own_arguments().items():
            if f"--{place}.{name}" in given and arguments[name] != value:
                raise ValueError(
                    f"{place}.{name} is {arguments[name]}, but what {place}.vocabulary names has "
                    f"{value}: leave it out."
                )
            arguments[name] = value


def _pipelines(spec, data):
    """Yields place, arguments and pipeline of the data section, and of each side of pairs."""
    yield "data", spec["init_args"], data
    for side, pipeline in data.sides.items():
        yield f"data.sides.{side}", spec["init_args"]["sides"][side]["init_args"], pipeline


def _share(config, data, given):
    """Sets arguments of method and networks that must equal the data's, as a vocabulary size."""
    method = config["method"]["init_args"]
    encoder = (method.get("encoder") or {}).get("init_args", {})
    places = [
        ("data", "method", method, data.method_arguments()),
        ("data", "method.encoder", encoder, data.encoder_arguments()),
    ]
    for side, pipeline in data.sides.items():
        tower = (method.get("towers") or {}).get(side) or {}
        names = f"data.sides.{side}", f"method.towers.{side}"
        places.append((*names, tower.get("init_args", {}), pipeline.encoder_arguments()))
    for place, prefix, arguments, shared in places:
        for name in arguments.keys() & shared.keys():
            if f"{prefix}.{name}" in given and arguments[name] != shared[name]:
                raise ValueError(
                    f"{prefix}.{name} is {arguments[name]}, but the data have {shared[name]}: "
                    f"leave it out; it follows {place}.{name}."
                )
            arguments[name] = shared[name]
