"""What a look at a source finds."""

import numpy as np
import pytest
import soundfile
from PIL import Image

from mmssl.pipelines.sources import open_source, write_shards
from mmssl.suggest.items import list_items
from mmssl.suggest.look import SAMPLE, look_at
from tests.suggest import sources


def test_pictures_tell_their_number_size_and_color(tmp_path):
    look = look_at(sources.pictures(tmp_path / "photos", 12))
    assert (look.modality, look.count, look.looked) == ("images", 12, 12)
    assert (look.side, look.largest, look.color, look.duplicates) == (80, 96, 1, 0)
    gray = look_at(sources.pictures(tmp_path / "gray", 3, color=False))
    assert gray.color == 0


def test_recordings_tell_their_lengths_and_rate(tmp_path):
    sources.recordings(tmp_path / "a", 3, seconds=1)
    look = look_at(sources.recordings(tmp_path / "a", 1, seconds=2, rate=16000, seed=1).parent)
    assert (look.modality, look.count, look.rate) == ("audio", 3, 8000)
    assert sorted(look.seconds) == [1, 1, 2]
    assert look.elements(window=0.5) == 2 + 2 + 4


def test_texts_tell_their_lengths_and_what_is_held_out(tmp_path):
    look = look_at(sources.passages(tmp_path / "texts.tsv", 8))
    assert (look.modality, look.count, look.held_out, look.code) == ("text", 6, 2, 0)
    assert look.characters[0] == len(sources.sentence(0))


def test_code_is_told_from_prose(tmp_path):
    for name in ("a.py", "b.rs", "c.md"):
        (tmp_path / name).write_text(sources.sentence(len(name) + ord(name[0])))
    assert look_at(tmp_path).code == 2 / 3


def test_tables_tell_their_columns_and_the_rows_that_cannot_be_read(tmp_path):
    path = sources.customers(tmp_path / "a.csv", 200)
    look = look_at(path)
    assert (look.modality, look.count, look.held_out) == ("tables", 160, 40)
    assert (look.numbers, look.categories) == (["age"], ["town"])
    assert look.unreadable == [("line 5", "age is 'abc', which is no number")]
    assert look.left_out == ["id is left out, 160 of its 160 values occur once, as names do"]
    told = "; ".join(look.sentences())
    assert "160 rows: numbers age; categories town; 40 more of other splits" in told
    assert "nearly equal" not in told


def test_a_table_of_files_or_texts_is_none_of_data(tmp_path):
    assert look_at(sources.passages(tmp_path / "texts.tsv", 8)).modality == "text"
    path = tmp_path / "a.tsv"
    path.write_text("x\ty\n" + "".join(f"{i % 3}\t{i % 2}\n" for i in range(30)))
    assert look_at(path).numbers == ["x", "y"]


@pytest.mark.parametrize("kind", ["npz", "idx", "tfrecord", "list"])
def test_every_form_of_a_source_is_looked_at(kind, tmp_path):
    folder = sources.pictures(tmp_path / "photos", 6, size=(28, 28))
    if kind == "npz":
        spec = tmp_path / "a.npz"
        pixels = np.zeros((6, 28, 28), np.uint8)
        np.savez(spec, x_train=pixels, x_test=pixels, y_train=np.zeros(6), y_test=np.zeros(6))
    elif kind == "idx":
        spec = sources.idx(tmp_path / "idx", 6)
    elif kind == "tfrecord":
        spec = tmp_path / "shards"
        write_shards(open_source(folder, (".png",)), spec, 2)
    else:
        sources.pictures(tmp_path / "more", 2, size=(28, 28), seed=1)
        spec = f"[{folder}, {tmp_path / 'more'}]"
    look = look_at(spec)
    assert (look.modality, look.count, look.side) == ("images", 8 if kind == "list" else 6, 28)


def test_a_glob_may_begin_with_a_bracket(tmp_path, monkeypatch):
    monkeypatch.chdir(sources.pictures(tmp_path, 12))
    assert list_items("[0-9]*[1-4].png").names == [f"{n:04}.png" for n in (1, 2, 3, 4, 11)]


def test_of_many_items_a_stated_number_is_looked_at(tmp_path):
    look = look_at(sources.passages(tmp_path / "texts.tsv", 400, words=4))
    assert (look.count, look.looked) == (300, SAMPLE)
    assert f"looked at {SAMPLE} of them, evenly spaced" in look.sentences()


def test_the_larger_part_of_a_mixed_folder_decides_and_the_rest_is_named(tmp_path):
    sources.pictures(tmp_path, 3)
    sources.recordings(tmp_path, 2)
    (tmp_path / "notes.txt").write_text("about the pictures")
    look = look_at(tmp_path)
    assert (look.modality, look.count) == ("images", 3)
    assert look.left_out == ["2 files of kinds that are not read: .wav"]


def test_what_cannot_be_read_is_counted_and_named_with_the_reason(tmp_path):
    folder = sources.recordings(tmp_path, 3)
    (folder / "0001.wav").write_bytes(b"no sound")
    soundfile.write(folder / "0002.wav", np.zeros(0), 8000)
    look = look_at(folder)
    assert [name for name, _ in look.unreadable] == ["0001.wav", "0002.wav"]
    assert "2 of these cannot be read: 0001.wav (" in "; ".join(look.sentences())
    assert look.elements(window=0.5) == 2


def test_copies_are_found_though_they_are_not_equal(tmp_path):
    folder = sources.pictures(tmp_path / "photos", 9)
    with Image.open(folder / "0004.png") as image:
        image.resize((60, 50)).save(folder / "copy.jpg", quality=70)
    assert look_at(folder).duplicates == 1
    sounds = sources.recordings(tmp_path / "sounds", 9)
    wave, rate = soundfile.read(sounds / "0004.wav")
    soundfile.write(sounds / "copy.ogg", wave / 2, rate)
    assert look_at(sounds).duplicates == 1
    texts = tmp_path / "texts.jsonl"
    lines = [f'{{"text": "{sources.sentence(n)}"}}' for n in (0, 1, 2, 1)]
    texts.write_text("\n".join(lines).replace(sources.sentence(1)[-9:], "changed", 1))
    assert look_at(texts).duplicates == 1


def test_nothing_to_read_is_refused_with_what_is_there(tmp_path):
    with pytest.raises(ValueError, match="found nothing"):
        list_items(tmp_path)
    (tmp_path / "a.csv").touch()
    sources.passages(tmp_path / "a.tsv", 1)
    with pytest.raises(ValueError, match=r"1 \.csv.*give one of them, a\.tsv"):
        list_items(tmp_path)
    with pytest.raises(ValueError, match="is not a file that a recipe reads"):
        list_items(tmp_path / "a.csv")
    for missing in (tmp_path / "missing", "[", "[]", "[1, 2]"):
        with pytest.raises(ValueError, match=r"does not exist|matches no file"):
            list_items(missing)
    (tmp_path / "b.wav").touch()
    with pytest.raises(ValueError, match=r"none of 1 items .* can be read: b\.wav"):
        look_at(tmp_path / "b.wav")
