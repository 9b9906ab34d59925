"""What jsonargparse refuses, in one sentence."""

import re


def sentence(error):
    """Reduces the error of jsonargparse to the key, the value and what is allowed."""
    text = str(error)
    required = re.findall(
        r"class_path '([\w.]+)':\s+the following arguments are required: ([\w, ]+)", text
    )
    if required:
        return "{} needs the arguments that it is not given: {}.".format(*required[-1])
    untyped = re.search(r"Parameter '\w+' from '([\w.]+)\.__init__' does not specify a type", text)
    if untyped:
        return (
            f"{untyped[1]} has arguments without types, which a recipe cannot check: give its name "
            "and a dict of arguments to mmssl.encoders.adapt."
        )
    keys = re.findall(r'[Kk]ey "([^"]+)"', text)
    given = re.findall(r"(?:Given|Got) value: (.+)", text)
    expected = [
        x for x in re.findall(r"Expected [^\n]+?(?=\. Got|\n|$)", text) if "NoneType" not in x
    ]
    if not keys or not given:
        return f"The recipe cannot be read: {' '.join(text.split())}"
    key, value = keys[-1], given[-1]
    unknown = re.search(r"Option '([\w.]+)' is not accepted", text)
    if unknown:
        return f"There is no key '{key}.{unknown[1]}'; docs/runs.md has those of {key}."
    if "dot import path" in text:
        return (
            f"{key} cannot be {value}: it has keys of its own, --{key}.NAME VALUE (docs/runs.md)."
        )
    nested = re.fullmatch(r"NestedArg\(key='(.+?)', val=(.+)\)", value)
    if nested:
        key, value = f"{keys[0]}.{nested[1]}", nested[2]
    allowed = "; or ".join(dict.fromkeys(expected)) or " ".join(text.split())
    allowed = re.sub(r"<class '([\w.]+)'>|typing\.", r"\1", allowed)
    allowed = re.sub(r"Literal\[([^]]+)\]", lambda found: found[1].replace(",", " or"), allowed)
    return f"{key} cannot be {value}. {allowed.replace('Expected a ', 'It takes ')}."
