"""What no reader may do is noticed, and its input is kept."""

from pathlib import Path

import pytest

from tests.fuzzing.mutations import CHANGES
from tests.fuzzing.readers import broken
from tests.fuzzing.run import fuzz_in_child, told

FAILURES = {
    "a reader that crashes": "Segmentation fault",
    "a reader that aborts": "Fatal Python error: Aborted",
    "a reader that hangs": "died with status -14",
    "a reader that takes memory": "MB of memory",
    "a reader that raises": "TypeError",
    "a reader that shows a trace": "no sentence",
    "a reader without a word": "a ValueError without a word",
}


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp("broken")
    return {one["reader"]: one for one in fuzz_in_child([], folder, 100, module=broken.__name__)}


@pytest.mark.parametrize("name", FAILURES)
def test_what_no_reader_may_do_is_noticed_and_the_input_kept(name, found):
    assert FAILURES[name] in found[name]["failure"]
    assert "FAILED" in told(found[name])
    kept, _, data = Path(found[name]["input"]).read_bytes().partition(b"\n")
    assert kept == b"file"
    assert data != broken.VALID
    assert data[:1] == broken.VALID[:1]


def test_a_reader_that_reads_or_refuses_passes(found):
    one = found["a reader that reads or refuses"]
    assert "failure" not in one
    assert one["inputs"] == one["read"] + one["refused"] == 100
    assert one["refusals"].keys() == {"it is not valid"}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("data", [b"", b"a", bytes(range(256)) * 3, b'{"a": [1, 2.5, null]}'])
def test_changes_of_any_file_give_bytes(change, data):
    for where in range(0, 2**16, 4099):
        for what in range(0, 2**16, 2053):
            assert isinstance(change(data, where, what, b"another file"), bytes)
