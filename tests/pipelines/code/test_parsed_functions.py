"""Functions of other languages than Python."""

import pytest

from mmssl.pipelines.code.function import NOT_PARSED
from mmssl.pipelines.code.languages import GRAMMARS, versions

if None in versions():
    pytest.skip("tree-sitter is not installed: pip install '.[code]'", allow_module_level=True)

from mmssl.pipelines.code.parsed_functions import parsed_functions

# Each has one function, in a class or not, with comments before it, in it, and elsewhere.
FILES = {
    ".c": (
        "/* License. */\n\n/** Adds two\n * numbers. */\nstatic int *add(int a) {\n"
        "  // gone\n  return a; /* gone */\n}\nint b; // of b\n",
        ("add", 5, "Adds two numbers."),
    ),
    ".cpp": (
        "namespace m {\nclass Sum {\n  // Adds two\n  // numbers.\n"
        "  int add(int a) {\n    return a; // gone\n  }\n};\n}\n",
        ("m.Sum.add", 5, "Adds two numbers."),
    ),
    ".cs": (
        "class Sum {\n  /// Adds two numbers.\n  [Pure]\n  int Add(int a) {\n"
        "    return a; // gone\n  }\n}\n",
        ("Sum.Add", 3, "Adds two numbers."),
    ),
    ".go": (
        "package m\n\n// Add adds two\n// numbers.\nfunc (s Sum) Add(a int) int {\n"
        "\treturn a // gone\n}\n",
        ("Add", 5, "Add adds two numbers."),
    ),
    ".java": (
        "class Sum {\n  /**\n   * Adds two\n   * numbers.\n   * @param a one\n   */\n"
        "  @Override\n  int add(int a) {\n    return a; // gone\n  }\n}\n",
        ("Sum.add", 7, "Adds two numbers."),
    ),
    ".js": (
        "// License.\n\n// Adds two numbers.\nexport const add = (a) => {\n"
        "  // gone\n  return a;\n};\ncall(() => 1);\n",
        ("add", 4, "Adds two numbers."),
    ),
    ".php": (
        "<?php\nclass Sum {\n  /** Adds two numbers. */\n  function add($a) {\n"
        "    return $a; # gone\n  }\n}\n",
        ("Sum.add", 4, "Adds two numbers."),
    ),
    ".rb": (
        "class Sum\n  # Adds two\n  # numbers.\n  def add(a)\n    a # gone\n  end\nend\n",
        ("Sum.add", 4, "Adds two numbers."),
    ),
    ".rs": (
        "impl Sum {\n    /// Adds two\n    /// numbers.\n    #[inline]\n"
        "    fn add(&self) -> i32 {\n        self.a // gone\n    }\n}\n",
        ("Sum.add", 5, "Adds two numbers."),
    ),
    ".ts": (
        "class Sum {\n  /** Adds two numbers. */\n  add(a: number): number {\n"
        "    return a; // gone\n  }\n}\n",
        ("Sum.add", 3, "Adds two numbers."),
    ),
}


@pytest.mark.parametrize("extension", FILES)
def test_a_function_has_its_name_line_and_the_comments_before_it(extension):
    text, expected = FILES[extension]
    [function] = parsed_functions(text, extension)
    assert (function.name, function.line, function.documentation) == expected
    assert "gone" not in function.code
    assert "numbers" not in function.code
    assert "add" in function.code.lower()


def test_there_is_an_example_of_every_grammar():
    assert {GRAMMARS[extension] for extension in FILES} == set(GRAMMARS.values())


def test_only_comments_right_before_a_function_are_its_documentation():
    text = (
        "// Far.\n\nfunction f() { return 1; }\nlet x = 1; // Of x.\nfunction g() { return 2; }\n"
    )
    assert [f.documentation for f in parsed_functions(text, ".js")] == ["", ""]


def test_functions_that_do_not_parse_are_left_out():
    text = "function f() { return ]; }\nfunction g() { return 1; }\n"
    assert [f.name for f in parsed_functions(text, ".js")] == ["g"]
    with pytest.raises(ValueError, match=NOT_PARSED):
        parsed_functions("function f( { return }", ".js")
