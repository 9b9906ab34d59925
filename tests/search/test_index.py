import json
import os
import shutil

import keras
import numpy as np
import pytest
import soundfile
from PIL import Image

from mmssl.evaluation.probes.features import Embedder, embed
from mmssl.runs import Run
from mmssl.search import Changes, Index, approximate
from mmssl.search.stored import index_path
from mmssl.search.vectors import unit
from tests.tolerances import SUM, assert_close


def save(path, seed):
    path.parent.mkdir(exist_ok=True, parents=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (4, 4, 3), "uint8")
    Image.fromarray(pixels).resize((24, 20)).save(path, format="png")


@pytest.fixture
def photos(tmp_path):
    for i in range(6):
        save(tmp_path / "photos" / f"{i}.png", i)
    return tmp_path / "photos"


@pytest.fixture
def index(picture_run, photos, tmp_path):
    return Index.build(picture_run, str(photos), tmp_path / "photos.index")


@pytest.fixture
def embedded(monkeypatch):
    """Notes how many items were embedded."""
    counts, numbered = [], Embedder.numbered

    def noted(self, data, source):
        counts.append(len(source))
        return numbered(self, data, source)

    monkeypatch.setattr(Embedder, "numbered", noted)
    return counts


def names(index):
    return [item.name for item in index.items]


def expected(run, folder):
    return unit(embed(run.encoder, run.data.examples(str(folder))))


def test_the_vectors_are_those_of_the_encoder_at_length_one(index, picture_run, photos):
    assert names(index) == [f"{i}.png" for i in range(6)]
    assert_close(index.vectors, expected(picture_run, photos), SUM)
    assert_close(np.linalg.norm(index.vectors, axis=1), 1.0, SUM)


def test_an_index_is_opened_with_what_it_was_made_by(index, picture_run, photos):
    opened = Index.open(index.path)
    assert opened.items == index.items
    assert isinstance(opened.vectors, np.memmap)
    assert opened.manifest["run"] == str(picture_run.folder)
    assert opened.manifest["sources"] == [str(photos)]
    assert (opened.manifest["items"], opened.manifest["metric"]) == (6, "cosine")
    assert opened.run.folder == picture_run.folder


def test_an_item_finds_itself_and_then_the_nearest(index, photos):
    (result,) = index.search([str(photos / "2.png")], k=3)
    cosines = index.vectors @ index.vectors[2]
    assert [match.number for match in result.matches] == np.argsort(-cosines)[:3].tolist()
    assert result.matches[0].file == str(photos / "2.png")
    assert_close([m.cosine for m in result.matches], np.sort(cosines)[::-1][:3], SUM)


def test_several_queries_have_results_in_their_order(index, photos):
    results = index.search([str(photos / f"{i}.png") for i in (4, 1)], k=1)
    assert [result.matches[0].name for result in results] == ["4.png", "1.png"]


def test_only_what_is_new_or_has_changed_is_embedded(index, photos, embedded, picture_run):
    save(photos / "7.png", 7)
    save(photos / "3.png", 33)
    os.utime(photos / "3.png", ns=(1, 1))
    assert index.add(str(photos)) == Changes(added=1, changed=1, kept=5)
    assert embedded == [2]
    assert sorted(names(index)) == ["0.png", "1.png", "2.png", "3.png", "4.png", "5.png", "7.png"]
    assert_close(index.vectors[np.argsort(names(index))], expected(picture_run, photos), SUM)
    assert index.add(str(photos)) == Changes(kept=7)
    assert embedded == [2]


def test_a_file_is_one_item_whatever_folder_it_comes_with(index, photos, tmp_path):
    save(tmp_path / "more" / "0.png", 9)
    assert index.add([str(photos / "0.png"), str(tmp_path / "more")]) == Changes(added=1, kept=1)
    assert len(index) == 7


def test_items_are_removed_by_name_or_path_without_the_run(index, photos, monkeypatch):
    monkeypatch.setattr(Run, "load", None)
    index = Index.open(index.path)
    before = dict(zip(names(index), np.array(index.vectors), strict=True))
    assert index.remove(["1.png", str(photos / "4.png")]) == Changes(removed=2)
    assert names(Index.open(index.path)) == ["0.png", "2.png", "3.png", "5.png"]
    assert (index.vectors == [before[name] for name in names(index)]).all()


def test_files_that_are_gone_are_removed_when_asked(index, photos):
    (photos / "2.png").unlink()
    assert index.add(str(photos)) == Changes(kept=5)
    assert index.remove_gone() == Changes(removed=1)
    assert "2.png" not in names(index)


def test_the_rows_of_a_table_that_changed_are_replaced(text_run, tmp_path):
    table = tmp_path / "texts.tsv"
    table.write_text("text\nsome words here\nother words there\na third line\n")
    index = Index.build(text_run, str(table), tmp_path / "texts.index")
    assert names(index) == ["line 2", "line 3", "line 4"]
    assert index.excerpt(1) == "other words there"
    assert index.add(str(table)) == Changes(kept=3)
    table.write_text("text\nsome words here\nnew words\n")
    assert index.add(str(table)) == Changes(changed=2, removed=1)
    assert names(index) == ["line 2", "line 3"]
    refused(index.search, [" "], 1, match="the query ' ' cannot be read: it has no text")
    results = index.search(["new words", "some words here"], k=1)
    assert [result.matches[0].name for result in results] == ["line 3", "line 2"]


def test_a_file_that_cannot_be_read_is_left_out_and_named(index, photos, caplog):
    (photos / "8.png").write_bytes(b"\x89PNG no picture")
    assert index.add(str(photos)) == Changes(kept=6)
    assert "8.png" in caplog.text
    assert len(index) == 6


@pytest.mark.parametrize("operation", ["add", "remove"])
def test_a_crash_leaves_the_old_index_whole(index, photos, monkeypatch, operation):
    before = {path.name: path.read_bytes() for path in index.path.iterdir()}
    save(photos / "7.png", 7)
    monkeypatch.setattr("mmssl.search.parts.write_manifest", None)
    with pytest.raises(TypeError):
        index.add(str(photos)) if operation == "add" else index.remove(["1.png"])
    assert {path.name: path.read_bytes() for path in index.path.iterdir()} == before
    assert list(index.path.parent.glob(".beside*")) == []
    assert len(Index.open(index.path)) == 6


def test_an_update_killed_between_its_two_moves_leaves_a_whole_index(
    index, tmp_path, tmp_path_factory, monkeypatch
):
    replace, disks = os.replace, [tmp_path_factory.mktemp("disk") / "then" for _ in range(2)]

    def copied(old, new):
        if str(new) == str(index.path):
            for disk in disks:
                shutil.copytree(tmp_path, disk)
        replace(old, new)

    monkeypatch.setattr(os, "replace", copied)
    index.remove(["1.png"])
    assert [(disk / index.path.name).exists() for disk in disks] == [False, False]
    opened = Index.open(disks[0] / index.path.name)
    assert names(opened) == names(index)
    np.testing.assert_array_equal(opened.vectors, index.vectors)
    assert list(disks[0].glob(".beside*")) == []
    refused(index_path, disks[1] / index.path.name, match="is an index already")


def test_vectors_that_are_not_finite_are_refused(picture_run, photos, tmp_path, monkeypatch):
    def infinite(self, data, source):
        yield np.arange(6), {"embedding": np.where(np.arange(6)[:, None] == 4, np.inf, np.ones(3))}

    monkeypatch.setattr(Embedder, "numbered", infinite)
    monkeypatch.setattr(Embedder, "width", 3, raising=False)
    with pytest.raises(ValueError, match=r"the encoder's vector of 4\.png is not finite"):
        Index.build(picture_run, str(photos), tmp_path / "photos.index")
    assert not (tmp_path / "photos.index").exists()


def test_an_index_of_another_encoder_is_refused(index, picture_run, photos, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(picture_run.folder, other)
    encoder = keras.models.load_model(other / "encoder.keras", compile=False)
    encoder.trainable_variables[0].assign_add(encoder.trainable_variables[0] * 0 + 1e-3)
    encoder.save(other / "encoder.keras")
    opened = Index.open(index.path, run=other)
    with pytest.raises(ValueError, match=r"was made by another encoder than that of .*other"):
        opened.search([str(photos / "0.png")], k=1)


def test_a_run_that_moved_is_named(picture_run, photos, tmp_path):
    shutil.copytree(picture_run.folder, tmp_path / "run")
    built = Index.build(tmp_path / "run", str(photos), tmp_path / "photos.index")
    (tmp_path / "run").rename(tmp_path / "moved")
    with pytest.raises(ValueError, match="which is not there: say with --run"):
        Index.open(built.path).search([str(photos / "0.png")], k=1)
    moved = Index.open(built.path, run=tmp_path / "moved")
    assert moved.search([str(photos / "3.png")], k=1)[0].matches[0].name == "3.png"


def test_large_indexes_are_searched_approximately(picture_run, photos, tmp_path, monkeypatch):
    pytest.importorskip("faiss")
    monkeypatch.setattr(approximate, "EXACT_BELOW", 6)
    monkeypatch.setattr(approximate, "NEIGHBORS", 3)
    index = Index.build(picture_run, str(photos), tmp_path / "photos.index")
    assert index.manifest["approximate"]["recall"] >= 0.99
    asked = []
    nearest = approximate.Approximate.nearest
    monkeypatch.setattr(
        approximate.Approximate, "nearest", lambda *a: asked.append(a) or nearest(*a)
    )
    rows, cosines = index.nearest(index.vectors, 6)
    assert len(asked) == 1
    true, true_cosines = index.nearest(index.vectors, 6, every=True)
    assert len(asked) == 1
    assert (rows == true).all()
    assert_close(cosines, true_cosines, SUM, scale=1)


def test_duplicates_are_listed_by_name(index, photos, tmp_path):
    shutil.copy(photos / "1.png", photos / "copy.png")
    index.add(str(photos))
    (group,) = index.duplicates(1.0)
    assert [match.name for match in group] == ["1.png", "copy.png"]
    assert_close(group[0].cosine, 1.0, SUM)


def refused(call, *arguments, match):
    with pytest.raises(ValueError, match=match):
        call(*arguments)


def test_a_folder_that_is_no_index_is_refused(tmp_path):
    refused(Index.open, tmp_path, match="is not an index: it has no manifest.json")
    refused(Index.open, tmp_path / "nowhere", match="is not an index")


@pytest.mark.parametrize("name", ["vectors.npy", "items.jsonl", "manifest.json"])
def test_a_damaged_index_is_refused(index, name):
    path = index.path / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    refused(Index.open, index.path, match=r"photos\.index is damaged \(.*\): build it again")


@pytest.mark.parametrize("name", ["vectors.npy", "items.jsonl", "manifest.json"])
def test_a_flipped_bit_of_an_index_is_found_by_its_checksum(index, name):
    path = index.path / name
    content = bytearray(path.read_bytes())
    content[content.rindex(b"1" if name != "vectors.npy" else content[-1:])] ^= 1
    path.write_bytes(content)
    refused(Index.open, index.path, match=r"photos\.index is damaged \(.*\): build it again")


def test_an_index_of_before_checksums_opens(index):
    path = index.path / "manifest.json"
    manifest = json.loads(path.read_text())
    del manifest["checksum"], manifest["checksums"]
    path.write_text(json.dumps(manifest))
    assert len(Index.open(index.path).items) == 6


def test_an_index_of_a_later_format_is_refused(index):
    path = index.path / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 2}))
    refused(Index.open, index.path, match="has the index format 2")


def test_vectors_are_never_unpickled(index):
    np.save(index.path / "vectors.npy", np.array([{}] * 6), allow_pickle=True)
    refused(Index.open, index.path, match="is damaged")


def test_wrong_input_is_refused(index, photos, tmp_path, picture_run):
    query = str(photos / "0.png")
    refused(index.search, [query], 7, match="k=7 must be between 1 and the 6 items")
    refused(index.search, [query], 0, match="k=0 must be between 1 and the 6 items")
    refused(
        index.search, ["a red car"], 1, match="'a red car' is no file, and .* searched by files"
    )
    soundfile.write(tmp_path / "bark.wav", np.zeros(800), 8000)
    refused(index.search, [str(tmp_path / "bark.wav")], 1, match=r"bark\.wav does not fit .*png")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG no picture")
    refused(
        index.search, [str(tmp_path / "broken.png")], 1, match=r"broken\.png cannot be read: it is"
    )
    (tmp_path / "empty.png").touch()
    refused(index.search, [str(tmp_path / "empty.png")], 1, match=r"empty\.png is an empty file")
    refused(index.search, query, 1, match="queries must be a list")
    refused(index.nearest, np.ones((1, 2)), 1, match=r"vectors must be of shape \(M, ")
    refused(index.remove, ["9.png"], match=r"has no item '9\.png'; its items are 0\.png")
    refused(index.remove, names(index), match="nothing would be left of the 6 items")
    (tmp_path / "none").mkdir()
    refused(index.add, str(tmp_path / "none"), match="no file with an extension .*none")
    refused(index.add, [], match="got an empty list")
    refused(Index.build, picture_run, str(photos), index.path, match="is an index already")
    refused(Index.build, picture_run, str(photos), photos, match="must be a new path")
    in_memory = [np.zeros((8, 8, 3), "uint8")]
    refused(Index.build, picture_run, in_memory, tmp_path / "i", match="items are looked up again")


def test_a_name_that_several_items_have_is_refused_with_their_paths(index, tmp_path):
    save(tmp_path / "more" / "0.png", 9)
    index.add(str(tmp_path / "more"))
    refused(index.remove, ["0.png"], match=r"2 items of .* are named '0\.png': .*more/0\.png")
    assert index.remove([str(tmp_path / "more" / "0.png")]) == Changes(removed=1)
