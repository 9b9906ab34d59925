import pytest


def test_the_tests_of_a_file_run_on_one_worker(request):
    """Otherwise each worker sets up the fixtures of each module, and trains what they train."""
    if not request.config.getoption("loadgroup", False):
        pytest.skip("not under --dist loadgroup")
    assert "@" in request.node.nodeid, "pytest-xdist does not group under this version of pytest"
