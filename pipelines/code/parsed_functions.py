"""Functions of files in other languages than Python, from the trees of tree-sitter."""

import re

from mmssl.pipelines.code.function import NOT_PARSED, Function, summary
from mmssl.pipelines.code.languages import GRAMMARS, parser_for

# Nodes around a function, before which its documentation may stand.
_AROUND = (
    *("export_statement", "variable_declarator", "lexical_declaration", "variable_declaration"),
    *("assignment_expression", "expression_statement", "pair", "template_declaration"),
)
_NAMELESS = ("arrow_function", "function_expression")  # have the name of what they are assigned to
_BETWEEN = ("attribute_item", "attribute_list", "decorator")  # stand between both
_SCOPES = (
    *("class", "class_declaration", "class_specifier", "class_definition", "abstract_class"),
    *("abstract_class_declaration", "interface_declaration", "struct_specifier", "trait_item"),
    *("trait_declaration", "struct_declaration", "record_declaration", "enum_declaration"),
    *("impl_item", "module", "namespace_definition", "object_declaration"),
)
_MARKS = re.compile(r"^[ \t]*(?:/\*+!?|\*+/|\*(?!/)|//+!?|#+)?[ \t]?|\s*\*+/\s*$", re.MULTILINE)
_BLANK_LINES = re.compile(r"\n\s*\n")


def parsed_functions(text, extension):
    """Finds the functions of a file that have a name; those inside functions are a part of them.

    What stands in comments right before a function is its documentation. Functions in which
    something does not parse are left out.

    Args:
        text: str, a whole file.
        extension: one of `languages.GRAMMARS`.

    Returns:
        list of Function, in the order of the file.

    Raises:
        ValueError: the extra `code` is missing, or something does not parse and no function is
            whole.
    """
    raw = text.encode()
    root = parser_for(extension).parse(raw).root_node
    found = list(_functions(root, raw, GRAMMARS[extension].functions))
    if root.has_error and not found:
        raise ValueError(NOT_PARSED)
    return found


def _functions(root, raw, kinds):
    waiting = [root]
    while waiting:
        node = waiting.pop()
        name = _name(node, raw) if node.type in kinds else ""
        if not name:
            waiting += reversed(node.named_children)
        elif not node.has_error:
            name = ".".join([*_scopes(node, raw), name])
            whole = node.parent if node.type in _NAMELESS else node
            line, told = whole.start_point[0] + 1, _documentation(whole, raw)
            yield Function(name, line, told, _without_comments(whole, raw))


def _name(node, raw):
    """Returns the name of a function, which those of JavaScript may have from a variable."""
    named = node.child_by_field_name("name")
    if named is None and node.type in _NAMELESS:
        named = node.parent.child_by_field_name("name") or node.parent.child_by_field_name("key")
    declared = node
    while named is None and declared is not None:  # in C, pointers and arguments are around it
        declared = declared.child_by_field_name("declarator")
        if declared is not None and declared.child_by_field_name("declarator") is None:
            named = declared
    return "" if named is None else _text(named, raw)


def _scopes(node, raw):
    names, around = [], node.parent
    while around is not None:
        if around.type in _SCOPES:
            named = around.child_by_field_name("name") or around.child_by_field_name("type")
            names += [] if named is None else [_text(named, raw)]
        around = around.parent
    return reversed(names)


def _documentation(node, raw):
    while node.parent is not None and (node.parent.type in _AROUND or _is_first(node)):
        node = node.parent
    comments, below, before = [], node, node.prev_named_sibling
    while before is not None and below.start_point[0] - _last_line(before, raw) <= 1:
        if "comment" in before.type and _has_its_line(before, raw):
            comments.append(_text(before, raw).rstrip())
        elif before.type not in _BETWEEN:
            break
        below, before = before, before.prev_named_sibling
    return summary(_MARKS.sub("", "\n".join(reversed(comments))))


def _is_first(node):
    """Returns whether what is before a node stands before the body of a class of Ruby."""
    return node.parent.type == "body_statement" and node.prev_named_sibling is None


def _has_its_line(comment, raw):
    """Returns whether nothing stands before a comment that it may be about."""
    return not raw[raw.rfind(b"\n", 0, comment.start_byte) + 1 : comment.start_byte].strip()


def _last_line(node, raw):
    """Returns the line that a node ends on; comments of Rust take the end of it along."""
    return node.end_point[0] - (raw[node.start_byte : node.end_byte].endswith(b"\n"))


def _without_comments(node, raw):
    parts, at = [], node.start_byte
    for comment in _comments(node):
        parts.append(raw[at : comment.start_byte])
        at = comment.end_byte
    code = b"".join([*parts, raw[at : node.end_byte]]).decode()
    return _BLANK_LINES.sub("\n", code)


def _comments(node):
    """Yields the comments in a node, in the order of the file."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if "comment" in node.type:
            yield node
        else:
            waiting += reversed(node.children)


def _text(node, raw):
    return raw[node.start_byte : node.end_byte].decode()
