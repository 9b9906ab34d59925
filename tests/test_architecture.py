"""Imports go one way, and the picture and the tables of the house show what the code has."""

from xml.etree import ElementTree

import pytest

from docs import draw_architecture, rooms

PICTURE = rooms.ROOT / "docs" / "images" / "architecture.svg"
DESCRIPTION = "{http://purl.org/dc/elements/1.1/}description"


def module(tmp_path, text):
    path = tmp_path / "module.py"
    path.write_text(text)
    return path


def test_imports_go_down():
    assert rooms.wrong_imports() == []


def test_every_room_has_its_level():
    assert rooms.unordered() == []


@pytest.mark.parametrize(
    "text",
    [
        "import mmssl.layers.queue",
        "from mmssl.layers import queue",
        "from ..layers import queue",
        "def f():\n    from mmssl.layers import queue",
    ],
)
def test_imports_are_found_wherever_they_stand(tmp_path, text):
    found = rooms.imports("mmssl.losses.nt_xent", module(tmp_path, text))
    assert found == {"mmssl.layers.queue"}


@pytest.mark.parametrize(
    ("importer", "imported", "allowed"),
    [
        ("mmssl.methods.moco", "mmssl.layers.VectorQueue", True),
        ("mmssl.layers.queue", "mmssl.methods.MoCo", False),
        ("mmssl.distribution", "mmssl.choices.check_choices", False),
        ("mmssl.encoders.vit", "mmssl.pipelines.sources", False),
        ("mmssl.runs.recipe", "mmssl.pipelines.pipeline.Pipeline", True),
        ("mmssl.methods.moco", "mmssl.methods.bases.JointEmbedding", True),
        ("mmssl.methods.bases.teacher", "mmssl.methods.moco.MoCo", False),
        ("mmssl.methods.bases.teacher", "mmssl.methods.bases.pretrainer", True),
        ("mmssl.pipelines.audio.views", "mmssl.pipelines.images.views", False),
        ("mmssl.pipelines.audio.views", "mmssl.pipelines.masks.spans", True),
        ("mmssl.pipelines.sources.scan", "mmssl.pipelines.audio", False),
        ("mmssl.pipelines.masks.spans", "mmssl.pipelines.sources", False),
    ],
)
def test_what_may_import_what(importer, imported, allowed):
    assert rooms.may_import(importer, imported) == allowed


def test_the_picture_shows_the_rooms_and_imports_that_there_are():
    drawn = ElementTree.parse(PICTURE).find(f".//{DESCRIPTION}").text
    assert drawn == draw_architecture.description(), f"python -m docs.draw_architecture {PICTURE}"
    assert PICTURE.stat().st_size <= 100_000


def test_every_room_has_its_place_in_the_picture():
    missing = set(draw_architecture.labels()) - set(draw_architecture.PLACES)
    assert missing == set()


def test_arrows_that_follow_from_others_are_left_out(monkeypatch):
    edges = {("cli", "runs"), ("cli", "commands"), ("commands", "runs"), ("runs", "quiet")}
    monkeypatch.setattr(rooms, "edges", lambda: edges)
    assert draw_architecture.arrows() == [("cli", "commands"), ("commands", "runs")]
