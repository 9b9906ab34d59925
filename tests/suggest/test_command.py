"""`mmssl suggest`, and what it says of the first steps of what it suggests."""

import json

import pytest

from mmssl.cli import main
from mmssl.training import estimate as module
from mmssl.training.estimate import Estimate
from tests.suggest import sources


@pytest.fixture
def photos(tmp_path):
    return str(sources.pictures(tmp_path / "photos", 120))


@pytest.fixture
def timed(monkeypatch):
    """What the timing was asked for; it answers at once, or refuses."""
    asked = []

    def estimate(*arguments):
        asked.append(arguments)
        if asked[0] == "refuse":
            raise ValueError("too many files\ncannot be read")
        return Estimate(step_seconds=0.5, steps=360, epochs=48.0, memory=2**30, gpu_memory=None)

    monkeypatch.setattr(module, "estimate", estimate)
    return asked


def test_it_prints_command_reasons_and_what_is_to_be_expected(photos, timed, capsys):
    assert main(["suggest", photos, "--minutes", "3"]) == 0
    told = capsys.readouterr().out
    assert f"\nmmssl pretrain vision/simclr --data.source {photos} --data.size 32 " in told
    assert "3.0 minutes for 360 steps of 0.50 s, 48.0 epochs, 1.0 GiB of memory" in told
    [(recipe, overrides, count, elements)] = timed
    assert (recipe, count, elements) == ("vision/simclr", 120, 120)
    assert overrides[:2] == ["--data.source", photos]


def test_scripts_get_one_json_object(photos, timed, capsys):
    assert main(["suggest", photos, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["expected"]["minutes"] == 3
    assert told["command"].startswith("mmssl pretrain vision/colorization")
    assert told["refused"] is None


def test_it_says_why_a_run_would_be_refused(photos, timed, capsys):
    timed.append("refuse")
    assert main(["suggest", photos]) == 0
    assert "a run would be refused: too many files cannot be read" in capsys.readouterr().out


def test_what_carries_nothing_is_not_timed(tmp_path, timed, capsys):
    assert main(["suggest", str(sources.pictures(tmp_path, 40)), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["command"] is told["expected"] is None
    assert timed == []
