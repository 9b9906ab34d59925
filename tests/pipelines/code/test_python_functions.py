"""Functions of Python files: what is taken of them, and that nothing of them runs."""

import pytest

from mmssl.pipelines.code.function import NOT_PARSED, summary
from mmssl.pipelines.code.python_functions import python_functions

FILE = '''"""A module."""
raise SystemExit("it ran")

def load(path):  # a comment
    """Loads a file.

    Args:
        path: of it.
    """
    # another comment
    return open(path).read()  # the last one

class Parser:
    """A class."""

    @property
    async def state(self):
        \'\'\'Says where
        it is.\'\'\'
        def inner():
            "Inner documentation."
        return inner

    class Part:
        def bare(self): "Only words."

if True:
    def late(): return "# no comment"
'''


def test_functions_have_their_names_lines_documentation_and_code():
    load, state, bare, late = python_functions(FILE)
    assert (load.name, load.line, load.documentation) == ("load", 4, "Loads a file.")
    assert load.code == "def load(path):\n    return open(path).read()"
    assert (state.name, state.line) == ("Parser.state", 17)
    assert state.documentation == "Says where it is."
    assert (bare.name, bare.documentation) == ("Parser.Part.bare", "Only words.")
    assert (late.name, late.documentation) == ("late", "")
    assert late.code.endswith("return '# no comment'")


def test_no_documentation_stays_in_the_code_not_even_of_inner_functions():
    assert not any("ocumentation" in f.code or "Says" in f.code for f in python_functions(FILE))


@pytest.mark.parametrize(
    "text", ["def f(:\n", "print 'a'", "def f():\n    pass\0", "f" + "(" * 5000]
)
def test_what_does_not_parse_is_refused(text):
    with pytest.raises(ValueError, match=NOT_PARSED):
        python_functions(text)


def test_a_bad_escape_gives_no_warning(recwarn):
    [function] = python_functions("def f():\n    '''It\\'s \\d.'''\n")
    assert function.documentation == "It's \\d."
    assert not recwarn


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("One\n  line.\n\nMore.", "One line."),
        ("Reads.\n@param x a thing", "Reads."),
        ("Reads.\n:param x: a thing\n", "Reads."),
        ("\n\n  ", ""),
        ("See: this.", "See: this."),
    ],
)
def test_a_summary_is_the_first_paragraph_without_parameters(text, first):
    assert summary(text) == first
