"""The languages whose functions can be read, and the packages that hold their grammars."""

import functools
import importlib
import importlib.metadata
from dataclasses import dataclass

PYTHON = (".py",)
NOT_INSTALLED = "a file whose language needs pip install 'mmssl[code]'"


@dataclass(frozen=True)
class Language:
    """What a tree-sitter grammar calls the parts of a file.

    Attributes:
        module: Python module of the grammar.
        functions: types of the nodes of functions with a body of their own.
        factory: name of the function of the module that returns the grammar.
    """

    module: str
    functions: tuple[str, ...]
    factory: str = "language"


_C = Language("tree_sitter_c", ("function_definition",))
_CPP = Language("tree_sitter_cpp", ("function_definition",))
_SCRIPT = (
    *("function_declaration", "generator_function_declaration", "method_definition"),
    *("arrow_function", "function_expression"),
)
_TYPESCRIPT = Language("tree_sitter_typescript", _SCRIPT, "language_typescript")
GRAMMARS = {
    ".c": _C,
    ".h": _C,
    ".cc": _CPP,
    ".cpp": _CPP,
    ".hpp": _CPP,
    ".cs": Language("tree_sitter_c_sharp", ("method_declaration",)),
    ".go": Language("tree_sitter_go", ("function_declaration", "method_declaration")),
    ".java": Language("tree_sitter_java", ("method_declaration",)),
    ".js": Language("tree_sitter_javascript", _SCRIPT),
    ".php": Language(
        "tree_sitter_php", ("function_definition", "method_declaration"), "language_php"
    ),
    ".rb": Language("tree_sitter_ruby", ("method", "singleton_method")),
    ".rs": Language("tree_sitter_rust", ("function_item",)),
    ".ts": _TYPESCRIPT,
}
SOURCE_EXTENSIONS = (*PYTHON, *GRAMMARS)


@functools.cache
def parser_for(extension):
    """Returns a tree-sitter parser of the files with an ending.

    Args:
        extension: one of `GRAMMARS`.

    Raises:
        ValueError: the extra `code` is not installed.
    """
    language = GRAMMARS[extension]
    try:
        import tree_sitter

        grammar = getattr(importlib.import_module(language.module), language.factory)()
    except ImportError as error:
        raise ValueError(NOT_INSTALLED) from error
    return tree_sitter.Parser(tree_sitter.Language(grammar))


def versions():
    """Returns the version of each package of the extra `code`, None for one that is missing."""
    modules = ["tree_sitter", *sorted({language.module for language in GRAMMARS.values()})]
    return [_version(module.replace("_", "-")) for module in modules]


def _version(package):
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
