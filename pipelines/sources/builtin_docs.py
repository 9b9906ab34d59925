"""Documentation that ships with Python itself: topics of `help()` and docstrings."""

import ast
import contextlib
import gc
import sysconfig
from pathlib import Path

import numpy as np

# Pure-Python modules that every supported Python has, by purpose. Where a name ends in a slash,
# the docstrings of the whole package make one document.
_MODULES = {
    "concurrency": "asyncio/ concurrent/ contextlib multiprocessing/ queue sched selectors "
    "subprocess threading weakref",
    "data": "_pydecimal abc bisect calendar collections/ copy copyreg dataclasses datetime enum "
    "fractions functools graphlib heapq numbers operator pprint random shelve statistics "
    "types typing",
    "files": "bz2 configparser csv fileinput filecmp fnmatch glob gzip linecache lzma "
    "ntpath pathlib pickle pickletools plistlib posixpath shutil stat tarfile tempfile zipapp "
    "zipfile",
    "language": "ast code codeop compileall dis importlib/ inspect "
    "pkgutil py_compile pyclbr runpy symtable tokenize tracemalloc traceback zipimport",
    "network": "base64 email/ ftplib hashlib hmac html/ http/ imaplib ipaddress mailbox mimetypes "
    "poplib secrets smtplib socket socketserver ssl urllib/ uuid webbrowser wsgiref/ xml/ xmlrpc/",
    "text": "argparse cmd codecs difflib getopt gettext json/ locale logging/ optparse "
    "quopri re shlex string textwrap",
    "tools": "bdb cProfile ctypes/ curses/ doctest ensurepip/ getpass pdb platform "
    "profile pstats pydoc site sqlite3/ sysconfig timeit tkinter/ trace turtle unittest/ venv/",
}
_MIN_CHARACTERS = 400  # shorter documents say little


def make():
    """Collects the documentation of the running Python.

    Source code is parsed, never executed. The documents differ slightly from one version of Python
    to the next.

    Returns:
        (list of str, one per document; dict of str arrays `name`, `label` (the purpose of a module,
        or "reference" for topics of the language) and `split` (every fifth item of a label is in
        test); None, in place of a sample rate).

    Raises:
        ValueError: when this Python comes without the source of its standard library.
    """
    with _no_collection():
        documents = _documents(Path(sysconfig.get_path("stdlib")))
    names, labels, texts = (list(column) for column in zip(*documents, strict=True))
    columns = {"name": np.array(names), "label": np.array(labels)}
    columns["split"] = _every_fifth(columns["label"])
    return texts, columns, None


@contextlib.contextmanager
def _no_collection():
    """Pauses the search for cycles: syntax trees have none, and it takes most of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _documents(library):
    """Returns (name, label, text) of every document."""
    documents = [
        (f"topic {name}", "reference", text)
        for name, text in sorted(_topics(library).items())
        if len(text) >= _MIN_CHARACTERS
    ]
    for label, names in _MODULES.items():
        found = [(name.rstrip("/"), label, _module(library, name)) for name in names.split()]
        documents += [document for document in found if len(document[2]) >= _MIN_CHARACTERS]
    if not documents:
        raise ValueError(
            f"builtin:docs needs the source of Python's standard library, and {library} has none"
        )
    return documents


def _topics(library):
    file = library / "pydoc_data" / "topics.py"
    tree = ast.parse(file.read_bytes() if file.is_file() else b"")
    values = (node.value for node in tree.body if isinstance(node, ast.Assign))
    return next((ast.literal_eval(value) for value in values if isinstance(value, ast.Dict)), {})


def _module(library, name):
    folder = library / name
    files = sorted(folder.glob("**/*.py")) if name.endswith("/") else [_file(library, name)]
    files = [file for file in files if file.is_file() and not _is_test(file.relative_to(library))]
    parts = map(_docstrings, files)
    return "\n\n".join(part for part in parts if part)


def _is_test(file):
    return any("test" in part for part in file.parts[1:-1])


def _file(library, name):
    module = library / f"{name}.py"
    return module if module.is_file() else library / name / "__init__.py"


def _docstrings(file):
    documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    nodes = _statements(ast.parse(file.read_bytes()))
    found = (ast.get_docstring(node) for node in nodes if isinstance(node, documented))
    return "\n\n".join(text for text in found if text)


def _statements(node):
    """Yields a node and all statements in its body, without looking into expressions."""
    yield node
    for statement in getattr(node, "body", ()):
        yield from _statements(statement)


def _every_fifth(labels):
    splits = np.full(len(labels), "train", "<U5")
    for label in np.unique(labels):
        splits[np.flatnonzero(labels == label)[4::5]] = "test"
    return splits
