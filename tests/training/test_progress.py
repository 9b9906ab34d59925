import pytest

from mmssl.training.progress import counting


@pytest.fixture(autouse=True)
def _terminal(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")


def test_a_count_is_shown_from_its_first_number_on(capsys):
    with counting("reading", "items"):
        pass
    assert "reading" not in capsys.readouterr().err
    with counting("reading", "items") as (_, progress):
        progress(3, 7)
    shown = capsys.readouterr().err
    assert "reading" in shown
    assert "3/7" in shown


def test_a_quiet_count_shows_and_says_nothing(capsys):
    with counting("reading", "items", quiet=True) as (tell, progress):
        progress(3, 7)
        tell("a word on the way")
    assert capsys.readouterr().err == ""
