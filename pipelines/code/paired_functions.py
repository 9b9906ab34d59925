"""Pairs of what is written about a function and its code."""

import logging
import re
import zlib
from collections import Counter

import numpy as np

from mmssl.pipelines.code.extraction import KINDS
from mmssl.pipelines.code.functions import text_reader
from mmssl.pipelines.code.identifier_words import split_words
from mmssl.pipelines.pairs.paired import Half, PairedSource
from mmssl.pipelines.sources import Source

_TESTED = 0.2  # most of the functions that are in the split test
_LEAST_NAME = 12  # characters of a name that says enough
_LONG = 2**32
logger = logging.getLogger(__name__)


def paired_functions(functions, sides, name_queries):
    """Pairs functions with what is written about them.

    Those of fewer than three lines or with documentation of fewer than three words, tests, special
    methods and near duplicates are left out. A package is in one split, see `split_by`.

    Args:
        functions: Source that `open_functions` returned.
        sides: names of the side of the code, and of that of what is written about it.
        name_queries: fraction of the functions to train on with a name of 12 or more characters
            that make a second pair: the words of the name, and the code without it.

    Returns:
        PairedSource with the columns `package` and `split`.

    Raises:
        ValueError: there is none.
    """
    kinds = functions.columns["kind"]
    counts = Counter(kinds.tolist())
    told = ", ".join(f"{counts[kind]} {kind}" for kind in KINDS if counts[kind])
    if not counts[KINDS[0]]:
        raise ValueError(f"no function is documented: of {len(kinds)}, {told}")
    logger.info("of %d functions: %s", len(kinds), told)
    chosen = functions.select(kinds == KINDS[0])
    columns = {"package": chosen.columns["package"], "split": split_by(chosen.columns["package"])}
    named = _named(chosen.names, columns["split"] == "train", name_queries)
    rows = np.concatenate([np.arange(len(chosen)), named])
    own = [_own_name(chosen.names[row]) for row in rows]
    names = [*chosen.names, *(f"{chosen.names[row]} by its name" for row in named)]
    texts = [*chosen.columns["documentation"], *(" ".join(split_words(own[i])) for i in named)]
    codes = _Codes(chosen.columns["code"], rows, own)
    halves = (
        Half.single(Source(names, text_reader(codes), files=functions.files)),
        Half.of_texts([[text] for text in texts], functions.files),
    )
    about = {name: getattr(functions, name) for name in ("files", "left_out", "request")}
    halves = dict(zip(sides, halves, strict=True))
    return PairedSource.of(halves, names, {k: v[rows] for k, v in columns.items()}, **about)


def split_by(packages):
    """Splits items so that all of a package are in one split.

    In the order of a hash of their names, the packages that fit into a fifth of the items are in
    the split test.

    Args:
        packages: array (N,) of str.

    Returns:
        array (N,) of "train" and "test"; none is in test where every package has more than a fifth.
    """
    counts = Counter(packages.tolist())
    tested, room = set(), int(_TESTED * len(packages))
    for package in sorted(counts, key=lambda name: (zlib.crc32(name.encode()), name)):
        if counts[package] <= room:
            tested.add(package)
            room -= counts[package]
    return np.array(["test" if package in tested else "train" for package in packages], object)


def _own_name(name):
    return re.split("[ .]", name)[-1]


def _named(names, trained, fraction):
    """Returns the rows of the functions that make a second pair, int64."""
    hashed = np.array([zlib.crc32(name.encode()) for name in names])
    long = np.array([len(_own_name(name)) >= _LEAST_NAME for name in names])
    return np.flatnonzero(trained & long & (hashed < fraction * _LONG))


class _Codes:
    """The code of functions, and once more that of some without their own names.

    Args:
        texts: sequence of str, the code of each function.
        rows: int64 array (N,), the function of each item.
        names: list (N,) of str.
    """

    def __init__(self, texts, rows, names):
        self._texts, self._rows, self._names = texts, rows, names

    def __getitem__(self, at):
        code = self._texts[int(self._rows[at])]
        if at < len(self._texts):
            return code
        return re.sub(rf"\b{re.escape(self._names[at])}\b", " ", code)
