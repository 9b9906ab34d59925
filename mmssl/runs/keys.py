"""The keys of a recipe, as they are written on the command line."""


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
