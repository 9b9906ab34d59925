"""Faults in the search of code by words."""

from tests.faults.fault import Fault

FAULTS = (
    Fault(
        "codes choose among queries",
        "mmssl/methods/codesearchnet.py",
        "        items, queries = (ops.cast(outputs[side]",
        "        queries, items = (ops.cast(outputs[side]",
        ("tests/methods/test_codesearchnet.py",),
    ),
    Fault(
        "functions of one documentation are negatives of each other",
        "mmssl/losses/search.py",
        "return own, ops.where(same, MASKED_SCORE, others)",
        "return own, others",
        ("tests/losses/test_search.py", "tests/methods/test_codesearchnet.py"),
    ),
    Fault(
        "other items cost something where they are opposite",
        "mmssl/losses/search.py",
        "hardest = ops.maximum(ops.max(others, axis=-1), 0.0)",
        "hardest = ops.max(others, axis=-1)",
        ("tests/losses/test_search.py",),
    ),
    Fault(
        "a tie counts as won",
        "mmssl/methods/bases/search_figures.py",
        "(scores >= own - _TIE).sum(axis=1)",
        "1 + (scores > own + _TIE).sum(axis=1)",
        ("tests/methods/test_codesearchnet.py",),
    ),
    Fault(
        "an incomplete last group is ranked among fewer",
        "mmssl/methods/bases/search_figures.py",
        "groups[:-1] if len(groups) > 1 and",
        "groups[:-1] if len(groups) < 1 and",
        ("tests/methods/test_codesearchnet.py",),
    ),
    Fault(
        "the documentation of inner functions stays in the code",
        "pipelines/code/python_functions.py",
        "for node in ast.walk(function):",
        "for node in [function]:",
        ("tests/pipelines/code/test_python_functions.py",),
    ),
    Fault(
        "comments stay in the code",
        "pipelines/code/parsed_functions.py",
        "        at = comment.end_byte",
        "        at = comment.start_byte",
        ("tests/pipelines/code/test_parsed_functions.py",),
    ),
    Fault(
        "a comment above an empty line is the documentation",
        "pipelines/code/parsed_functions.py",
        "below.start_point[0] - _last_line(before, raw) <= 1",
        "below.start_point[0] - _last_line(before, raw) <= 2",
        ("tests/pipelines/code/test_parsed_functions.py",),
    ),
    Fault(
        "a package is in two splits",
        "pipelines/code/paired_functions.py",
        '["test" if package in tested else "train" for package in packages]',
        '["test" if i % 5 == 0 else "train" for i, package in enumerate(packages)]',
        ("tests/pipelines/code/test_functions.py",),
    ),
    Fault(
        "near duplicates may differ in how often a word is there",
        "pipelines/code/near_duplicates.py",
        "len(common) / len(whole)",
        "len(set(common)) / len(set(whole))",
        ("tests/pipelines/code/test_near_duplicates.py",),
    ),
    Fault(
        "the name stays in the code that is searched by it",
        "pipelines/code/paired_functions.py",
        'return re.sub(rf"\\b{re.escape(self._names[at])}\\b", " ", code)',
        "return code",
        ("tests/pipelines/code/test_functions.py",),
    ),
    Fault(
        "each side has a vocabulary of its own where one is asked for",
        "pipelines/code/function_pairs.py",
        "                side.tokenizer = tokenizer",
        "                pass",
        ("tests/pipelines/code/test_function_pairs.py",),
    ),
    Fault(
        "the reverse stack leaves its tokens reversed",
        "mmssl/encoders/token_rnn.py",
        'keras.layers.Concatenate(name="block_1")([forward, turn([backward, mask])])',
        'keras.layers.Concatenate(name="block_1")([forward, backward])',
        ("tests/encoders/test_token_encoders.py",),
    ),
    Fault(
        "padding is read by convolutions",
        "mmssl/encoders/token_conv.py",
        '        x = ZeroMaskedFrames()([x, inputs["padding_mask"]])\n',
        "",
        ("tests/encoders/test_token_encoders.py",),
    ),
)
