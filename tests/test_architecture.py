"""Imports go one way, and the picture and the tables of the house show what the code has."""

import ast

import pytest

from docs import rooms


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
