"""Faults in indexes and in what is found with them."""

from tests.faults.fault import Fault

INDEX, EXACT = ("tests/search/test_index.py",), ("tests/search/test_exact.py",)
APPROXIMATE, DUPLICATES = (
    ("tests/search/test_approximate.py",),
    ("tests/search/test_duplicates.py",),
)

FAULTS = (
    Fault(
        "the rows of every block count from zero",
        "mmssl/search/exact.py",
        "np.arange(block.start, block.stop)",
        "np.arange(block.stop - block.start)",
        EXACT,
    ),
    Fault(
        "the best of a block are not carried to the next",
        "mmssl/search/exact.py",
        "cosines = np.concatenate([cosines, found], axis=1)",
        "cosines = np.concatenate([cosines - 3, found], axis=1)",
        EXACT,
    ),
    Fault(
        "an item counts as its own neighbor in the recall",
        "mmssl/search/approximate.py",
        "NEIGHBORS + 1)[0][:, 1:]",
        "NEIGHBORS + 1)[0]",
        APPROXIMATE,
    ),
    Fault(
        "cells that hold fewer items than asked for give rows of -1",
        "mmssl/search/approximate.py",
        "if short.any():",
        "if short.all() and not len(short):",
        APPROXIMATE,
    ),
    Fault(
        "an item is its own duplicate",
        "mmssl/search/duplicates.py",
        "if begin == other:",
        "if begin > other:",
        DUPLICATES,
    ),
    Fault(
        "groups of several blocks are not joined",
        "mmssl/search/duplicates.py",
        "[1][groups]",
        "[1]",
        DUPLICATES,
    ),
    Fault(
        "copies fall short of a threshold of one",
        "mmssl/search/duplicates.py",
        "threshold - _ROUNDING",
        "threshold + _ROUNDING",
        DUPLICATES,
    ),
    Fault(
        "vectors are not scaled",
        "mmssl/search/parts.py",
        "out[numbers] = unit(found)",
        "out[numbers] = found",
        INDEX,
        "length_one",
    ),
    Fault(
        "a file that has changed is not embedded again",
        "mmssl/search/updates.py",
        "items[row].stamp != item.stamp",
        "items[row].name != item.name",
        INDEX,
        "only_what_is_new",
    ),
    Fault(
        "a file that has changed is there twice",
        "mmssl/search/index.py",
        "self._rewrite(addition.outdated, [fresh])",
        "self._rewrite(addition.gone, [fresh])",
        INDEX,
        "only_what_is_new",
    ),
    Fault(
        "vectors of another encoder are compared",
        "mmssl/search/index.py",
        'if checksum(self._encoder_of(run)) != self.manifest["encoder"]:',
        'if checksum(self._encoder_of(run)) == "":',
        INDEX,
        "another_encoder",
    ),
    Fault(
        "names are markup on the page",
        "mmssl/search/page.py",
        "<div>{page.escape(name)}</div>",
        "<div>{name}</div>",
        ("tests/search/test_page.py",),
        "escaped_names",
    ),
    Fault(
        "an index is not compared with its checksums",
        "mmssl/search/stored.py",
        "_check_sums(path, manifest)\n",
        "pass\n",
        ("tests/search/test_index.py",),
        "flipped",
    ),
)
