"""Functions of Python files, from their syntax trees: nothing is run or imported."""

import ast
import warnings

from mmssl.pipelines.code.function import NOT_PARSED, Function, summary

_FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef
_DOCUMENTED = _FUNCTIONS | ast.ClassDef
_STATEMENTS = ast.stmt | ast.excepthandler | ast.match_case


def python_functions(text):
    """Finds the functions of a Python file and of its classes; those inside functions are a part.

    Args:
        text: str, a whole file.

    Returns:
        list of Function, in the order of the file.

    Raises:
        ValueError: it does not parse.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes that a later Python may refuse
            tree = ast.parse(text)
        return list(_functions(tree, ""))
    # NUL is a ValueError, and what is nested too deeply one of the last two.
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError(NOT_PARSED) from error


def _functions(node, scope):
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _FUNCTIONS):
            documentation = summary(ast.get_docstring(child) or "")
            code = ast.unparse(_without_documentation(child))
            yield Function(scope + child.name, child.lineno, documentation, code)
        elif isinstance(child, ast.ClassDef):
            yield from _functions(child, f"{scope}{child.name}.")
        elif isinstance(child, _STATEMENTS):
            yield from _functions(child, scope)


def _without_documentation(function):
    """Takes the docstrings out of a function and of what is defined in it."""
    for node in ast.walk(function):
        if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return function
