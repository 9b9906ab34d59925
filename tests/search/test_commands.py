import json

import numpy as np
import pytest
from PIL import Image

from mmssl.cli import main


@pytest.fixture
def photos(tmp_path):
    rng = np.random.default_rng(0)
    for i in range(4):
        path = tmp_path / "photos" / f"[{i}].png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(rng.integers(0, 255, (20, 20, 3), "uint8")).save(path)
    return tmp_path / "photos"


def told(capsys, *arguments):
    assert main([str(argument) for argument in arguments]) == 0
    return capsys.readouterr().out


def refused(capsys, *arguments):
    assert main([str(argument) for argument in arguments]) == 2
    error = capsys.readouterr().err.strip()
    assert error.startswith("mmssl: ")
    assert len(error.splitlines()) == 1
    return error


def test_from_a_folder_to_what_is_near_and_what_is_twice(capsys, picture_run, photos, tmp_path):
    index, query = tmp_path / "photos.index", photos / "[1].png"
    run = picture_run.folder
    assert "4 items, vectors of" in told(capsys, "index", run, photos, "--out", index)
    found = told(capsys, "search", index, query)
    assert f"{query}\n" in found
    assert "1.000   [1].png" in found
    page = tmp_path / "found.html"
    answer = json.loads(told(capsys, "search", index, query, "-k2", "--json", "--out", page))
    first = answer["queries"][0]["nearest"][0]
    assert (first["name"], first["file"], round(first["cosine"], 4)) == ("[1].png", str(query), 1)
    assert "<h2>[1].png</h2>" in page.read_text()
    (photos / "copy.png").write_bytes(query.read_bytes())
    assert "added 1, changed 0, unchanged 4" in told(capsys, "index", index, "--add", photos)
    twice = told(capsys, "duplicates", index, "--threshold", 1, "--out", tmp_path / "twice.html")
    assert "near duplicates: 2 of 5 items, groups: 1" in twice
    assert "copy.png" in (tmp_path / "twice.html").read_text()
    groups = json.loads(told(capsys, "duplicates", index, "--threshold", 1, "--json"))["groups"]
    assert [[match["name"] for match in group] for group in groups] == [["[1].png", "copy.png"]]
    (photos / "copy.png").unlink()
    gone = told(capsys, "index", index, "--remove-gone", "--remove", "[0].png")
    assert "removed 1\nremoved 1 that are gone" in gone
    assert "3 items" in gone


@pytest.mark.parametrize(
    "arguments", [["RUN"], ["RUN", "photos"], ["RUN", "--out", "x"], ["I", "p", "--add", "more"]]
)
def test_an_index_is_either_made_or_updated(capsys, arguments):
    assert "to update one" in refused(capsys, "index", *arguments)


def test_options_that_would_have_no_effect_are_refused(capsys):
    assert "keeps its --layer" in refused(capsys, "index", "i", "--add", "x", "--layer", "block_1")
    assert "keeps its --layer" in refused(capsys, "index", "i", "--remove", "x", "--step", 0)
    assert "--run belongs" in refused(capsys, "index", "r", "x", "--out", "i", "--run", "q")


@pytest.mark.parametrize("command", [["search", "NOWHERE", "x.png"], ["duplicates", "NOWHERE"]])
def test_what_is_no_index_is_refused(capsys, command):
    assert "NOWHERE is not an index" in refused(capsys, *command)
