"""`mmssl generate RUN "a caption"` as a user meets it, with codes that a stub decodes."""

import numpy as np
import pytest
from PIL import Image

from mmssl.cli import main
from mmssl.generation.captioned import CaptionedDrawer, generate_captioned
from mmssl.methods import DALLE


@pytest.fixture
def run(caption_run, monkeypatch):
    """A run whose codes are decoded to four pixels, each as bright as its code is high."""

    def decoder(codes):
        return np.repeat(codes["codes"][..., None], 3, axis=-1) / 7

    caption_run.data.decoder = decoder
    yield caption_run
    caption_run.data.decoder = None


def pictures_of(path):
    return np.asarray(Image.open(path))


def test_a_page_is_drawn_for_a_caption_and_the_seed_settles_it(run, tmp_path):
    pages = [
        generate_captioned(run, "a red square", tmp_path / f"{number}.png", count=4, seed=seed)[0]
        for number, seed in enumerate((0, 0, 1))
    ]
    first, again, other = map(pictures_of, pages)
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_the_best_of_the_candidates_come_first(run, tmp_path):
    seen = []

    def darkest(caption, pictures):
        seen.append((caption, pictures))
        return -pictures.mean(axis=(1, 2, 3))

    out = tmp_path / "page.png"
    generate_captioned(run, "a red square", out, count=1, rerank=darkest, candidates=6)
    [(caption, pictures)] = seen
    assert caption == "a red square"
    assert pictures.shape == (6, 2, 2, 3)
    best = pictures[pictures.mean(axis=(1, 2, 3)).argmin()]
    page = pictures_of(out)[4:-4, 4:-4]
    np.testing.assert_array_equal(page[::48, ::48], best)


def test_many_captions_are_drawn_in_parts_of_one_size(run, monkeypatch):
    drawer = CaptionedDrawer(run.method(DALLE), run.data)
    monkeypatch.setattr("mmssl.generation.captioned.TOGETHER", 2)
    told = []
    found = drawer.codes(["a red square"] * 3, progress=lambda *done: told.append(done))
    assert found.shape == (3, 2, 2)
    assert told == [(8, 12), (12, 12)]


def test_what_cannot_be_drawn_is_refused_in_a_sentence(run, tmp_path, capsys):
    with pytest.raises(ValueError, match="draws for a caption"):
        generate_captioned(run, "  ", tmp_path / "x.png")
    with pytest.raises(ValueError, match="candidates=2"):
        generate_captioned(run, "a", tmp_path / "x.png", count=3, rerank=len, candidates=2)
    with pytest.raises(ValueError, match="candidates=9"):
        generate_captioned(run, "a", tmp_path / "x.png", candidates=9)
    run.data.decoder = None
    with pytest.raises(ValueError, match="without a tokenizer"):
        generate_captioned(run, "a", tmp_path / "x.png")
    assert main(["generate", str(run.folder), "a", "--prompt", "b"]) == 2
    assert "given twice" in capsys.readouterr().err
    assert main(["generate", str(run.folder), "a", "--rerank", str(run.folder)]) == 2
    assert "no finished run of pairs" in capsys.readouterr().err
