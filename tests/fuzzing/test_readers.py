"""Whatever a file holds, its reader reads it or says in a sentence why not.

No crash, no hang, no memory that follows a header: each reader runs in a process of its own, with
a limit on the time and the memory of an input.
"""

import pytest

from tests.fuzzing.readers.all import READERS
from tests.fuzzing.run import fuzz_in_child, told

_MANY = 10_000
NAMES = [reader.name for reader in READERS]


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What was found of every reader, by name."""
    folder = tmp_path_factory.mktemp("fuzzing")
    return {one["reader"]: one for one in fuzz_in_child([], folder)}


@pytest.mark.parametrize("name", NAMES)
def test_damaged_files_are_read_or_refused_in_a_sentence(found, name):
    assert "failure" not in found[name], told(found[name])
    assert found[name]["inputs"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_ten_thousand_damaged_files_are_read_or_refused_in_a_sentence(name, tmp_path):
    [one] = fuzz_in_child([name], tmp_path, _MANY)
    assert "failure" not in one, told(one)
