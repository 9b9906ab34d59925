import base64
import io
import re

import numpy as np
import pytest
import soundfile
from PIL import Image

from mmssl.search import Index, page
from mmssl.search.page import write_duplicates, write_results

NASTY = "<script>alert(1)</script>&'.png"


@pytest.fixture
def photos(tmp_path):
    rng = np.random.default_rng(0)
    for name in (NASTY.replace("/", ":"), "b.png", "c.png"):
        path = tmp_path / "photos" / name
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(rng.integers(0, 255, (300, 500, 3), "uint8")).save(path)
    return tmp_path / "photos"


@pytest.fixture
def index(picture_run, photos, tmp_path):
    return Index.build(picture_run, str(photos), tmp_path / "photos.index")


def alone(text):
    """Returns the text of a page, which must load nothing."""
    assert re.findall(r"""(?:src|href)=["'](?!data:)""", text) == []
    return text


def test_a_page_of_pictures_has_thumbnails_and_escaped_names(index, photos, tmp_path):
    out = tmp_path / "found.html"
    write_results(index, index.search([str(photos / "b.png")], k=3), out)
    text = alone(out.read_text())
    assert text.count("<img") == 4
    assert "<script>" not in text
    assert "&lt;script&gt;alert(1)&lt;:script&gt;&amp;&#x27;.png" in text
    assert "<h2>b.png</h2>" in text
    assert text.count("cosine 1.000") >= 1


def test_a_thumbnail_keeps_the_proportions_of_the_picture(index, photos):
    html = page._there(index.run, index.items[1])[1]
    encoded = re.search(r"base64,([^\"]+)", html)[1]
    assert Image.open(io.BytesIO(base64.b64decode(encoded))).size == (240, 144)


def test_a_picture_that_is_gone_is_said_to_be(index, photos, tmp_path):
    (photos / "c.png").unlink()
    out = tmp_path / "found.html"
    write_results(index, index.search([str(photos / "b.png")], k=3), out)
    text = out.read_text()
    assert text.count("no longer there") == 1
    assert text.count("<img") == 3


def test_a_page_of_sounds_has_players(sound_run, tmp_path):
    rng = np.random.default_rng(0)
    for name in ("a.wav", "b.wav"):
        soundfile.write(tmp_path / name, rng.normal(0, 0.1, 4000), 8000)
    index = Index.build(sound_run, str(tmp_path / "*.wav"), tmp_path / "sounds.index")
    write_results(index, index.search([str(tmp_path / "a.wav")], k=2), tmp_path / "found.html")
    text = alone((tmp_path / "found.html").read_text())
    assert text.count("<audio controls") == 3
    assert 'class="row audio"' in text


def test_a_page_of_texts_has_their_beginnings_escaped(text_run, tmp_path):
    (tmp_path / "texts.tsv").write_text("text\nless <b>bold</b> words\nother words\n")
    index = Index.build(text_run, str(tmp_path / "texts.tsv"), tmp_path / "texts.index")
    write_results(index, index.search(["<i>words</i>"], k=2), tmp_path / "found.html")
    text = alone((tmp_path / "found.html").read_text())
    assert "<p>less &lt;b&gt;bold&lt;/b&gt; words</p>" in text
    assert "<h2>&lt;i&gt;words&lt;/i&gt;</h2>" in text


def test_a_page_of_duplicates_says_what_it_leaves_out(index, tmp_path, monkeypatch):
    monkeypatch.setattr(page, "SHOWN", 2)
    groups = [[index._match(i, 0.99) for i in group] for group in ([0, 1, 2], [0, 1])]
    write_duplicates(index, groups, 0.98, tmp_path / "duplicates.html")
    text = alone((tmp_path / "duplicates.html").read_text())
    assert text.count("<img") == 2
    assert "Items of it that are not shown: 1;" in text
    assert "Groups that are not shown: 1;" in text
