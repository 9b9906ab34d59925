"""The faults of `make test-faults` are still faults of the code as it is."""

from collections import Counter

import pytest

import mmssl.methods
from tests.faults.copies import ROOT
from tests.faults.faults import FAULTS


def test_every_fault_has_a_sentence_of_its_own():
    assert [n for n, count in Counter(fault.name for fault in FAULTS).items() if count > 1] == []


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_still_has_its_place_in_the_code(fault):
    compile(fault.put_into((ROOT / fault.file).read_text()), fault.file, "exec")


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_faults_tests_are_there(fault):
    for test in fault.tests:
        file, *names = test.partition("[")[0].split("::")
        assert (ROOT / file).exists(), file
        text = (ROOT / file).read_text() if names else ""
        assert all(f"def {name}(" in text or f"class {name}(" in text for name in names), test


def test_every_method_has_a_fault():
    modules = {getattr(mmssl.methods, name).__module__ for name in mmssl.methods.__all__}
    files = {f"{module.replace('.', '/')}.py" for module in modules}
    assert files <= {fault.file for fault in FAULTS}
