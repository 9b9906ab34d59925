"""Processor-seconds a method: a plugin of pytest that prints them when the contract has run."""

import os
from collections import Counter

import pytest

_own, _shared = Counter(), Counter()


def add(name, own=0.0, shared=0.0):
    """Counts what was spent for a method in another process.

    Args:
        name: of the case.
        own: seconds for this method alone.
        shared: seconds for all methods that use the process.
    """
    _own[name] += own
    _shared[name] += shared


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    before = _spent()
    result = yield
    name = getattr(item, "callspec", None) and item.callspec.params.get("visit")
    if name:
        _own[name] += _spent() - before
    return result


def pytest_sessionfinish(session):
    share = _shared.total() / max(1, len(_shared))
    for name in _shared:
        _own[name] += share
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["seconds"] = dict(_own)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    _own.update(getattr(node, "workeroutput", {}).get("seconds", {}))


def pytest_terminal_summary(terminalreporter):
    if _own:
        terminalreporter.section("processor-seconds a method in the contract")
        for name, spent in _own.most_common():
            terminalreporter.line(f"{spent:7.1f}  {name}")


def _spent():
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
