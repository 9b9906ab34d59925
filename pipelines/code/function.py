"""What is taken of a function of a source file."""

import re
from dataclasses import dataclass

NOT_PARSED = "a file that does not parse"

# A line from which on a comment describes parameters and results, as of Javadoc and Sphinx.
_FIELD = re.compile(r"^[ \t]*(?:@\w|:\w+[^:\n]*:)", re.MULTILINE)
_PARAGRAPH = re.compile(r"\n[ \t]*\n")


@dataclass(frozen=True)
class Function:
    """A function, or a method of a class.

    Attributes:
        name: with the names of the classes that it is in, such as "Parser.parse".
        line: of the file, from 1 on, on which it begins.
        documentation: what is written about it, as `summary` shortens it; "" for none.
        code: without comments, and without the documentation.
    """

    name: str
    line: int
    documentation: str
    code: str


def summary(documentation):
    """Returns the first paragraph of a documentation on one line, without lists of parameters.

    Args:
        documentation: str, without the marks of a comment.
    """
    text = _FIELD.split(documentation.strip(), maxsplit=1)[0]
    return " ".join(_PARAGRAPH.split(text.strip(), maxsplit=1)[0].split())
