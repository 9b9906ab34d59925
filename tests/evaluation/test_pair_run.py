"""A run of pairs in use: its towers, classes by name, search across sides, its export."""

import json

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from mmssl.apply.classify import classify, read_classes
from mmssl.apply.embed import embed_files
from mmssl.cli import main
from mmssl.deploy.pairs import export_pairs
from mmssl.evaluation.pair_run import PairRun
from mmssl.runs import Run, read_recipe
from mmssl.search.retrieval import retrieve
from tests.methods.test_clip import TINY_PAIRS
from tests.tolerances import NETWORK, SUM, assert_close

CLASSES = ["circle", "square", "ring"]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder, draw = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    for number in range(5):
        pixels = draw.integers(0, 255, (20, 20, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def towers(pair_run):
    return {side: Run.load(pair_run.folder / "towers" / side) for side in ("image", "text")}


def test_each_tower_is_a_run_with_what_its_pipeline_has_learned(pair_run, towers, caplog):
    method = pair_run.method()
    texts = ["a red circle", "ring"]
    inputs = towers["text"].data.encode(texts)
    expected = method.embed_side("text", [inputs])
    assert_close(towers["text"].encoder(inputs)["embedding"], expected, NETWORK)
    assert towers["text"].untrained.output["embedding"].shape == (None, 8)
    assert Run.load(pair_run.folder / "towers" / "image").recipe == "pairs/clip, the side image"
    assert "damaged" not in caplog.text


def test_a_tower_embeds_files_like_any_run(towers, pictures, tmp_path):
    count, width = embed_files(towers["image"], [pictures], tmp_path / "v.npz")
    vectors = np.load(tmp_path / "v.npz")["vectors"]
    assert (count, width) == vectors.shape == (5, 8)
    assert_close(np.linalg.norm(vectors, axis=1), np.ones(5), SUM)


def test_classes_are_told_by_the_cosine_to_their_texts(pair_run, towers, pictures):
    found = classify(pair_run, str(pictures), CLASSES, ["a {}", "{}"])
    pair = PairRun.of(pair_run)
    texts = pair.embed_texts([text for name in CLASSES for text in (f"a {name}", name)])
    means = texts.reshape(3, 2, -1).mean(axis=1)
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    cosines = pair.embed("image", towers["image"].data.open(pictures)) @ means.T
    shares = np.exp(pair.scale * cosines)
    assert_close(found.probabilities, shares / shares.sum(axis=1, keepdims=True), NETWORK)
    assert pair.scale == pair_run.method().similarity()["scale"]


def test_the_command_writes_a_class_a_file(pair_run, pictures, tmp_path, capsys):
    names, out = tmp_path / "names.txt", tmp_path / "classes.tsv"
    names.write_text("circle\n\nsquare\n")
    arguments = ["classify", str(pair_run.folder), str(pictures), "--classes", str(names)]
    assert main([*arguments, "--prompts", "a {}", "--out", str(out)]) == 0
    rows = [line.split("\t") for line in out.read_text().splitlines()]
    assert rows[0] == ["file", "class", "probability"]
    assert [row[0] for row in rows[1:]] == [f"{number}.png" for number in range(5)]
    assert "5 items: " in capsys.readouterr().out


def test_a_text_finds_pictures_and_a_picture_finds_texts(pair_run, pictures, tmp_path):
    found = retrieve(pair_run, "a red circle", str(pictures), k=3)
    pair = PairRun.of(pair_run)
    items = pair.sides["image"].data.open(pictures)
    cosines = pair.embed("image", items) @ pair.embed_texts(["a red circle"])[0]
    best = np.argsort(-cosines)[:3]
    assert [name for _, name, _ in found.rows()] == [items.names[i] for i in best]
    table = tmp_path / "captions.tsv"
    table.write_text("file\tcaption\na.png\tred circle\nb.png\tblue ring\n")
    back = retrieve(pair_run, pictures / "0.png", table)
    assert {text for _, _, text in back.rows()} == {"red circle", "blue ring"}


def test_the_page_shows_what_was_found(pair_run, pictures, tmp_path, capsys):
    page = tmp_path / "found.html"
    arguments = ["retrieve", str(pair_run.folder), "a red <circle>", "--in", str(pictures)]
    assert main([*arguments, "-k", "2", "--json", "--out", str(page)]) == 0
    assert len(json.loads(capsys.readouterr().out)["nearest"]) == 2
    assert page.read_text().count("<img") == 2
    assert "a red &lt;circle&gt;" in page.read_text()


def test_both_towers_are_exported_with_one_manifest(pair_run, towers, tmp_path):
    result = export_pairs(pair_run, "saved_model", tmp_path / "models")
    manifest = json.loads((result.path / "manifest.json").read_text())
    assert list(manifest["sides"]) == ["image", "text"]
    assert manifest["logit_scale"] == PairRun.of(pair_run).scale
    embed = tf.saved_model.load(str(result.path / "text")).signatures["embed"]
    inputs = towers["text"].data.encode(["a red circle"])
    expected = towers["text"].encoder(inputs)["embedding"]
    assert_close(embed(**inputs)["embedding"], expected, NETWORK)
    assert manifest["sha256"].keys() >= {"image/saved_model.pb", "text/saved_model.pb"}


def test_a_tower_may_start_from_a_run_and_follows_the_vocabulary_of_another(pair_run):
    text = pair_run.folder / "towers" / "text"
    options = [f"--method.towers.text={text}", f"--data.sides.text.vocabulary={text}"]
    tiny = [option for option in TINY_PAIRS if "towers.text" not in option]
    config = read_recipe("pairs/clip", [*tiny, *options])
    tower = config["method"]["init_args"]["towers"]["text"]
    assert tower["class_path"] == "mmssl.encoders.load_encoder"
    assert tower["init_args"]["path"] == str(text)


def test_a_key_of_a_tower_that_the_data_decide_on_is_refused():
    with pytest.raises(ValueError, match=r"method\.towers\.image\.size is 8, but the data have 32"):
        read_recipe("pairs/clip", ["--method.towers.image.size=8"])
    with pytest.raises(ValueError, match=r"no key 'method\.towers\.image\.sise'"):
        read_recipe("pairs/clip", ["--method.towers.image.sise=8"])
    with pytest.raises(ValueError, match="not a Pipeline"):
        read_recipe("pairs/clip", ["--data.sides.image=mmssl.methods.CLIP"])


def test_what_is_no_run_of_pairs_or_no_classes_is_refused(towers, pictures, tmp_path):
    with pytest.raises(ValueError, match="no finished run of pairs"):
        classify(towers["image"], str(pictures), CLASSES)
    with pytest.raises(ValueError, match="two or more different names"):
        read_classes(["one", "one"])
    with pytest.raises(ValueError, match="does not exist"):
        read_classes(tmp_path / "none.txt")
