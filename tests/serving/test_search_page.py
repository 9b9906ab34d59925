"""The page on which an index is searched."""

import contextlib
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from mmssl.search import Index
from mmssl.serving.limits import Limits
from mmssl.serving.rest import create_app
from mmssl.serving.search_page import SearchPage
from mmssl.serving.service import Service


@contextlib.contextmanager
def searching(index, toy, **limits):
    with contextlib.closing(Service([toy], Limits(**limits))) as service:
        yield TestClient(create_app(service, SearchPage(index, service).routes))


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Folder of pictures, and one with a name that is HTML."""
    draw, folder = np.random.default_rng(0), tmp_path_factory.mktemp("photos")
    for name in ("a.png", "b.png", "<b>c.png"):
        Image.fromarray(draw.integers(0, 255, (30, 40, 3), "uint8")).save(folder / name)
    return folder


@pytest.fixture(scope="module")
def index(picture_run, photos, tmp_path_factory):
    folder = tmp_path_factory.mktemp("index")
    return Index.build(picture_run, str(photos), folder / "photos.index")


@pytest.fixture
def client(index, toy):
    with searching(index, toy, body_bytes=20_000, pixels=2000) as client:
        yield client


def test_the_page_loads_nothing_but_its_own_script(client):
    answer = client.get("/")
    assert re.findall(r"""(?:src|href)=["']([^"']*)""", answer.text) == ["search.js"]
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert "Drop a picture here" in answer.text
    assert "<textarea" not in answer.text
    script = client.get("/search.js")
    assert script.headers["content-type"].startswith("text/javascript")
    for name in re.findall(r'getElementById\("(\w+)"\)', script.text):
        assert f'id="{name}"' in answer.text


def test_a_picture_finds_itself_first(client, photos):
    answer = client.post("/search?name=my%20photo.PNG", content=(photos / "b.png").read_bytes())
    assert answer.status_code == 200
    names = re.findall(r'<div class="item" title="([^"]*)"', answer.text)
    assert names[0] == "b.png"
    assert sorted(names) == ["&lt;b&gt;c.png", "a.png", "b.png"]
    assert answer.text.count("<img") == 4
    assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("name", "size", "status", "said"),
    [
        ("a.txt", None, 400, "'a.txt' cannot be searched for: this index takes .jpg"),
        ("", None, 400, "cannot be searched for"),
        ("a.png", None, 400, "The search takes pictures in JPEG, PNG, BMP, GIF, WEBP"),
        ("a.png", (100, 100), 400, "100x100 pixels; at most 2000"),
    ],
)
def test_what_cannot_be_searched_for_is_refused(name, size, status, said, client, tmp_path):
    data = b"Some text."
    if size:
        Image.new("RGB", size).save(tmp_path / "large.png")
        data = (tmp_path / "large.png").read_bytes()
    answer = client.post("/search", params={"name": name}, content=data)
    assert answer.status_code == status
    assert said in answer.json()["error"]


def test_a_broken_picture_is_refused_without_the_path_of_its_copy(client, photos):
    data = (photos / "a.png").read_bytes()[:200]
    answer = client.post("/search?name=a.png", content=data)
    assert answer.status_code == 400
    assert "/tmp" not in answer.json()["error"]


def test_a_body_that_is_too_large_or_empty_is_refused(client):
    assert client.post("/search?name=a.png", content=b"x" * 20_001).status_code == 413
    empty = client.post("/search?name=a.png", content=b"")
    assert (empty.status_code, empty.json()["error"]) == (400, "There is nothing to search for.")


def test_searches_are_counted(client, photos):
    client.post("/search?name=a.png", content=(photos / "a.png").read_bytes())
    assert (
        'mmssl_requests_total{api="search",code="OK",model=""} 1.0' in client.get("/metrics").text
    )


class Texts:
    """Stands for an index of texts; notes what is searched for."""

    path = Path("texts.index")
    run = SimpleNamespace(
        encoder=SimpleNamespace(input=["token_ids", "padding_mask"]),
        data=SimpleNamespace(extensions=(".txt",)),
        folder=Path("texts"),
    )

    def __init__(self):
        self.asked = []

    def __len__(self):
        return 2

    def search(self, queries, k):
        self.asked += [Path(query).read_text() for query in queries]
        raise ValueError(f"the query {queries[0]} is too short.")


def test_a_text_is_no_path_of_a_file_on_the_server(toy, tmp_path):
    secret, index = tmp_path / "secret.txt", Texts()
    secret.write_text("What nobody is to know.")
    with searching(index, toy) as client:
        assert "<textarea" in client.get("/").text
        answer = client.post("/search?name=text.txt", content=str(secret).encode())
        other = client.post("/search?name=text.txt", content=b"\xff\xfe")
    assert index.asked == [str(secret)]
    assert answer.json() == {"error": "the query that you sent is too short."}
    assert "takes text in UTF-8" in other.json()["error"]
