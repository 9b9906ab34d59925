"""Gives each test file's CASES to the tests that take a `case`."""


def pytest_generate_tests(metafunc):
    if "case" in metafunc.fixturenames:
        cases = metafunc.module.CASES
        metafunc.parametrize("case", cases.values(), ids=cases)
