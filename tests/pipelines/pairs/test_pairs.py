"""Pairs: how they are joined, what is left out, and what a batch holds."""

import json
import tarfile

import numpy as np
import pytest
from PIL import Image

from mmssl.pipelines.audio import AudioWindows
from mmssl.pipelines.images import ImageCrops
from mmssl.pipelines.pairs import Pairs
from mmssl.pipelines.pairs.opening import open_pairs
from mmssl.pipelines.text import Captions
from tests.pipelines.elements import elements, same

READS = {"image": (".png", ".jpg"), "text": (".txt",)}
COLORS = {"red": (250, 0, 0), "green": (0, 250, 0), "blue": (0, 0, 250), "gray": (99, 99, 99)}


def picture(path, color):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8), COLORS[color]).save(path)


@pytest.fixture
def folder(tmp_path):
    """Pictures of one color each, and beside them what color it is."""
    for color in COLORS:
        picture(tmp_path / f"{color}.png", color)
        (tmp_path / f"{color}.txt").write_text(f"the color is {color}")
    return tmp_path


def sides(length=16):
    crops = ImageCrops(size=4, scale=(0.5, 1.0))
    return {"image": crops, "text": Captions(length=length, vocabulary_size=200)}


def pairs_of(source, batch_size=2, **options):
    return Pairs(source, sides(), batch_size, **options)


def colors_of(made):
    """The colors of pictures, a list of str."""
    return [
        min(COLORS, key=lambda name: np.abs(np.array(COLORS[name]) - 255 * image[0, 0]).sum())
        for image in made["image_images"]
    ]


def assert_joined(pairs, batches=4):
    """Checks that each picture is with a text that names its color; returns batches and texts."""
    made = elements(pairs, batches)
    texts = [pairs.sides["text"].items.names[number] for number in made["text_group"]]
    assert all(color in text for color, text in zip(colors_of(made), texts, strict=True))
    return made, texts


def table(path, rows, header="file\tcaption"):
    path.write_text("\n".join([header, *("\t".join(row) for row in rows)]) + "\n")
    return path


def test_files_of_equal_stems_are_pairs_in_one_folder_and_in_two(folder, tmp_path_factory):
    assert_joined(pairs_of(str(folder)))
    apart = tmp_path_factory.mktemp("apart")
    for color in COLORS:
        (apart / f"{color}.txt").write_text(color)
    assert_joined(pairs_of({"image": str(folder), "text": str(apart)}))


def test_a_stem_without_its_other_half_or_with_two_is_left_out_and_named(folder):
    (folder / "red.txt").unlink()
    (folder / "lone.txt").write_text("nothing to see")
    picture(folder / "blue.jpg", "blue")
    source = open_pairs(folder, READS)
    assert source.names == ["gray.png", "green.png"]
    told = dict(source.left_out)
    assert told["red"] == "without its text"
    assert told["lone"] == "without its image"
    assert "several files" in told["blue"]


def test_the_rows_of_a_table_with_one_picture_are_one_pair_of_several_captions(folder):
    rows = [(f"{c}.png", text) for c in COLORS for text in (f"{c} one", f"{c} two", f"{c} one")]
    pairs = pairs_of(table(folder / "captions.tsv", rows))
    made, texts = assert_joined(pairs, batches=8)
    assert len(pairs.items) == 4
    assert len(set(texts)) == 8
    assert made["text_group"].max() == 7


def test_further_columns_are_those_of_the_pair(folder):
    rows = [(f"{c}.png", c, "warm" if c == "red" else "cold", "train") for c in COLORS]
    path = table(folder / "captions.tsv", rows, "file\tcaption\tlabel\tsplit")
    source = open_pairs(path, READS)
    assert source.labels.tolist() == ["warm", "cold", "cold", "cold"]
    assert pairs_of(path, split="train").open_to_train().splits.tolist() == ["train"] * 4
    with pytest.raises(ValueError, match="no item is in the split 'test'"):
        pairs_of(path, split="test").prepare()


def test_rows_whose_file_is_missing_outside_or_of_another_kind_are_left_out_and_named(folder):
    outside = folder.parent / "outside.png"
    picture(outside, "red")
    rows = [("red.png", "red"), ("gone.png", "gone"), ("../outside.png", "out")]
    rows += [("red.txt", "a text"), ("blue.png", " ")]
    source = open_pairs(table(folder / "captions.tsv", rows), READS)
    assert source.names == ["red.png"]
    told = dict(source.left_out)
    assert "does not exist" in told["gone.png"]
    assert "link out" in told["../outside.png"]
    assert "another kind" in told["red.txt"]
    assert "blank" in told["blue.png"]


def test_lines_of_json_may_list_several_captions_and_name_their_columns(folder):
    rows = [{"picture": f"{c}.png", "says": [c, f"it is {c}"], "label": c} for c in COLORS]
    path = folder / "captions.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    pairs = pairs_of(path, columns={"image": "picture", "text": "says"})
    _, texts = assert_joined(pairs, batches=8)
    assert len(set(texts)) == 8
    with pytest.raises(ValueError, match=r"picture, says, label.*expected image, file"):
        pairs_of(path).prepare()


def shard(path, members):
    with tarfile.open(path, "w") as archive:
        for name, file in members:
            archive.add(file, name)
    return path


def test_members_of_a_shard_with_one_key_are_a_pair(folder):
    (folder / "shards").mkdir()
    for number, colors in enumerate((("red", "green"), ("blue", "gray"))):
        members = [(f"deep/{c}.{x}", folder / f"{c}.{x}") for c in colors for x in ("png", "txt")]
        shard(folder / "shards" / f"{number}.tar", members)
    assert_joined(pairs_of(str(folder / "shards")))
    pairs = pairs_of(str(folder / "shards" / "*.tar"))
    assert_joined(pairs)
    assert pairs.items.names[0] == "0.tar:deep/red"


def test_members_that_lead_out_of_a_shard_or_are_links_are_left_out(folder):
    path = shard(
        folder / "a.tar", [("red.png", folder / "red.png"), ("red.txt", folder / "red.txt")]
    )
    with tarfile.open(path, "a") as archive:
        for name in ("../out.png", "/abs.png"):
            archive.add(folder / "blue.png", name)
            archive.members[-1].name = name
        link = tarfile.TarInfo("link.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
        archive.add(folder / "green.png", "green.png")
    source = open_pairs(path, READS)
    assert source.names == ["a.tar:red"]
    reasons = {name.partition(":")[2]: reason for name, reason in source.left_out}
    assert "leads out" in reasons["../out.png"]
    assert "link" in reasons["link.png"]
    assert reasons["green"] == "without its text"


def test_a_compressed_or_damaged_shard_is_refused_by_name(folder):
    with tarfile.open(folder / "b.tar", "w:gz") as archive:
        archive.add(folder / "red.png", "red.png")
    with pytest.raises(ValueError, match=r"b\.tar is damaged, or not an uncompressed tar"):
        open_pairs(folder / "b.tar", READS)


def test_arrays_and_lists_are_joined_by_their_order():
    pictures = np.stack([np.full((6, 6, 3), COLORS[c], np.uint8) for c in COLORS])
    assert_joined(pairs_of({"image": pictures, "text": [[c, f"a {c}"] for c in COLORS]}))
    with pytest.raises(ValueError, match="4 of image, 1 of text"):
        pairs_of({"image": pictures, "text": ["red"]}).prepare()


def test_sound_is_joined_to_text_and_a_window_is_cut_from_the_recording_of_its_pair():
    levels = np.linspace(0.1, 0.8, 8, dtype="float32")
    clips = [
        np.full(length, level) for level, length in zip(levels, (20, 50, 90, 300) * 2, strict=True)
    ]
    sound = AudioWindows(sample_rate=100, window=40, short="pad")
    pair = {"sound": sound, "text": Captions(length=8, vocabulary_size=100)}
    source = {"sound": clips, "text": [f"level {number}" for number in range(8)]}
    made = elements(Pairs(source, pair, batch_size=4), batches=6)
    assert {len(set(numbers)) for numbers in (made["sound_group"], made["text_group"])} == {8}
    np.testing.assert_array_equal(made["sound_group"], made["text_group"])
    loud = made["sound_waveform"].max(axis=1)
    np.testing.assert_array_equal(loud, levels[made["text_group"]])
    sizes = made["sound_padding_mask"].sum(axis=1)
    np.testing.assert_array_equal(sizes, np.where(made["sound_group"] % 4 == 0, 20, 40))


def test_pictures_are_joined_to_sounds():
    pictures = np.stack([np.full((6, 6, 3), 30 * number, np.uint8) for number in range(4)])
    clips = [np.full(60, 0.1 + 0.2 * number, "float32") for number in range(4)]
    pair = {"image": ImageCrops(size=4), "sound": AudioWindows(sample_rate=100, window=40)}
    made = elements(Pairs({"image": pictures, "sound": clips}, pair, batch_size=2), batches=4)
    numbers = np.rint(made["image_images"].max(axis=(1, 2, 3)) * 255 / 30)
    found = np.rint((made["sound_waveform"].max(axis=1) - 0.1) / 0.2)
    np.testing.assert_array_equal(found, numbers)


def test_a_pair_whose_half_cannot_be_read_is_left_out_counted_and_named(folder, tmp_path_factory):
    (folder / "blue.png").write_bytes(b"no picture")
    (folder / "green.txt").write_text("  ")
    run = tmp_path_factory.mktemp("run")
    pairs = pairs_of(str(folder), skip_ratio=0.5).prepare(run)
    assert pairs.items.names == ["gray.png", "red.png"]
    assert_joined(pairs)
    skipped = (run / "skipped.txt").read_text()
    assert "blue.png\tits image cannot be read" in skipped
    assert "green.png\tits text" in skipped
    with pytest.raises(ValueError, match="2 of 4 items cannot be read"):
        pairs_of(str(folder)).prepare()


def test_equal_captions_have_one_number_and_others_another(folder):
    rows = [("red.png", "a color"), ("green.png", "a color"), ("blue.png", "blue")]
    made = elements(pairs_of(table(folder / "t.tsv", rows), batch_size=3), batches=1)
    by_picture = dict(zip(made["image_group"].tolist(), made["text_group"].tolist(), strict=True))
    assert by_picture[0] == by_picture[1] != by_picture[2]
    (folder / "green.txt").write_text("the color is red")
    made = elements(pairs_of(str(folder), batch_size=4), batches=1)
    assert len(set(made["text_group"].tolist())) == 3


def test_batches_follow_from_seed_and_number_alone(folder):
    rows = [(f"{c}.png", f"{c} {n}") for c in COLORS for n in range(3)]
    path = table(folder / "captions.tsv", rows)
    whole = elements(pairs_of(path), batches=6)
    later = elements(pairs_of(path, num_parallel_calls=1), batches=3, start_step=3)
    assert same({name: x[6:] for name, x in whole.items()}, later)
    assert not same(whole, elements(pairs_of(path), batches=6, seed=1))


def test_a_resumed_run_has_its_vocabulary_and_refuses_other_captions(folder, tmp_path_factory):
    run = tmp_path_factory.mktemp("run")
    path = table(folder / "t.tsv", [(f"{c}.png", c) for c in COLORS])
    before = elements(pairs_of(path).prepare(run))
    assert (run / "towers" / "text" / "vocabulary.txt").exists()
    again = pairs_of(path)
    again.restore(run)
    assert same(elements(again.prepare(run)), before)
    table(path, [(f"{c}.png", f"other {c}") for c in COLORS])
    with pytest.raises(ValueError, match="the data changed"):
        pairs_of(path).prepare(run)


def test_built_in_shapes_hold_out_combinations_but_no_color_or_shape():
    source = open_pairs("builtin:shapes", READS)
    kinds = list(zip(source.columns["color"], source.labels, strict=True))
    train = {kind for kind, split in zip(kinds, source.splits, strict=True) if split == "train"}
    test = {kind for kind, split in zip(kinds, source.splits, strict=True) if split == "test"}
    assert len(train) == 24
    assert len(test) == 6
    assert not train & test
    assert [len({kind[i] for kind in train}) for i in (0, 1)] == [6, 5]


def test_built_in_speech_is_paired_with_what_is_said():
    source = open_pairs("builtin:speech", {"sound": (".wav",), "text": (".txt",)})
    assert len(source.halves["text"].source) == len(set(source.columns["sound"])) == 12


def test_what_is_no_source_of_pairs_is_refused_in_words(tmp_path):
    with pytest.raises(ValueError, match="column `file`"):
        open_pairs(tmp_path / "missing", READS)
    with pytest.raises(ValueError, match="same stem: there are 0 of image, 0 of text"):
        open_pairs(tmp_path, READS)
    with pytest.raises(ValueError, match="must be two"):
        Pairs("builtin:shapes", {"image": ImageCrops()})
