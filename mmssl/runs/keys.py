"""The keys of a recipe, as they are written on a command line."""


def flat(section, prefix=""):
    """Lists everything that a recipe sets, by dotted keys.

    Args:
        section: dict, what `read_recipe` returns or a part of it.
        prefix: of the keys.

    Yields:
        Pairs of a key, such as `"method.encoder.width"`, and its value; a tuple as a list, and an
        empty dict as it is.
    """
    for key, value in section.items():
        path = prefix if key == "init_args" else f"{prefix}.{key}".lstrip(".")
        if isinstance(value, dict) and value:
            yield from flat(value, path)
        else:
            yield path, list(value) if isinstance(value, tuple) else value
