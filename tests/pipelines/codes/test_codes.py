"""Codes: what a tokenizer makes of a source once, and what is read of it."""

import numpy as np
import pytest
from PIL import Image

from mmssl.pipelines.codes import Codes, CodeSpec
from mmssl.pipelines.codes.shards import write_codes
from mmssl.pipelines.images import ImageCrops
from mmssl.pipelines.sources import open_source
from tests.pipelines.elements import elements

SPEC = CodeSpec(16, {"top": (2, 2), "bottom": (4, 4)}, None, None, "these", "those")


class Brightness:
    """Encodes pictures as how bright their parts are, and counts what it encodes."""

    def __init__(self, spec=SPEC):
        self.data, self.spec, self.encoded = ImageCrops("builtin:photos", size=8), spec, []

    def encode(self, source):
        self.encoded += list(source.names)
        for batch in self.data.examples(source).as_numpy_iterator():
            parts = [_bright(batch["images"], side) for side in (2, 4)]
            yield from np.concatenate(parts, axis=1)


def _bright(images, side):
    cells = images.reshape(len(images), side, 8 // side, side, 8 // side, 3)
    return np.floor(15.99 * cells.mean(axis=(2, 4, 5))).astype("int32").reshape(len(images), -1)


@pytest.fixture
def photos(tmp_path):
    rng = np.random.default_rng(0)
    for label in ("a", "b"):
        (tmp_path / "photos" / label).mkdir(parents=True)
        for number in range(5):
            pixels = rng.integers(0, 255, (8, 8, 3), "uint8")
            Image.fromarray(pixels).save(tmp_path / "photos" / label / f"{number}.png")
    return tmp_path / "photos"


@pytest.fixture
def run(tmp_path):
    """What the run folder of a tokenizer has for others."""
    (tmp_path / "run").mkdir()
    SPEC.write(tmp_path / "run")
    (tmp_path / "run" / "code_decoder.keras").write_bytes(b"a network")
    return tmp_path / "run"


def codes_of(source, run, tokenizer=None, **options):
    data = Codes(str(source), tokens=str(run), batch_size=4, **options)
    data.tokenizer = tokenizer or Brightness()
    return data


def expected(photos, side):
    images = [np.asarray(Image.open(path)) / 255 for path in sorted(photos.rglob("*.png"))]
    codes = _bright(np.stack(images).astype("float32"), side)
    return codes.reshape(-1, side, side)


def test_each_level_is_read_with_the_level_above_it(photos, run):
    top, bottom = codes_of(photos, run).prepare(), codes_of(photos, run, level="bottom").prepare()
    [found] = top.examples(top.items).as_numpy_iterator()
    assert list(found) == ["codes"]
    np.testing.assert_array_equal(found["codes"], expected(photos, 2))
    [found] = bottom.fixed_elements(bottom.items).as_numpy_iterator()
    assert found["codes"].dtype == "int32"
    np.testing.assert_array_equal(found["codes"], expected(photos, 4))
    np.testing.assert_array_equal(found["upper_codes"], expected(photos, 2))
    assert bottom.method_arguments() == {
        **{"entries": 16, "code_shape": (4, 4), "upper_shape": (2, 2)}
    }


def test_batches_follow_from_the_seed_and_visit_every_picture_once(photos, run):
    one, again = (elements(codes_of(photos, run, level="bottom"), 2, seed=3) for _ in range(2))
    np.testing.assert_array_equal(one["codes"], again["codes"])
    assert one["codes"].shape == (8, 4, 4)
    assert len({codes.tobytes() for codes in one["codes"]}) == 8


def test_a_source_is_encoded_once(photos, run):
    tokenizer = Brightness()
    codes_of(photos, run, tokenizer).prepare()
    assert len(tokenizer.encoded) == 10
    labeled = codes_of(photos, run, tokenizer, label_column="folder").prepare()
    assert labeled.items.labels.tolist() == ["a"] * 5 + ["b"] * 5
    assert len(tokenizer.encoded) == 10


def test_other_weights_encode_anew(photos, run):
    codes_of(photos, run).prepare()
    other = CodeSpec(**{**vars(SPEC), "encoder": "others"})
    other.write(run)
    tokenizer = Brightness(other)
    codes_of(photos, run, tokenizer).prepare()
    assert len(tokenizer.encoded) == 10


def test_what_cannot_be_read_is_left_out_and_named(photos, run, tmp_path):
    (photos / "a" / "2.png").write_bytes(b"no picture")
    data = codes_of(photos, run, skip_ratio=0.5)
    data.tokenizer.data.skip_ratio = 0.5
    data.prepare(tmp_path)
    assert [name.rpartition("/")[2] for name in data.items.names[:4]] == [
        *("0.png", "1.png", "3.png", "4.png")
    ]
    assert "a/2.png" in (tmp_path / "skipped.txt").read_text()
    [found] = data.examples(data.items).as_numpy_iterator()
    (photos / "a" / "2.png").unlink()
    np.testing.assert_array_equal(found["codes"], expected(photos, 2))


def test_a_run_folder_keeps_what_decodes_and_refuses_another_tokenizer(photos, run, tmp_path):
    (tmp_path / "prior").mkdir()
    codes_of(photos, run).prepare(tmp_path / "prior")
    assert (tmp_path / "prior" / "code_decoder.keras").read_bytes() == b"a network"
    kept = Codes("nowhere", tokens="gone")
    kept.restore(tmp_path / "prior")
    assert kept.spec == SPEC
    other = CodeSpec(**{**vars(SPEC), "encoder": "others"})
    other.write(run)
    again = codes_of(photos, run, Brightness(other))
    again.reopen(tmp_path / "prior")
    with pytest.raises(ValueError, match="not those of this run's tokenizer"):
        again.prepare(tmp_path / "prior")


def test_shards_go_on_where_they_were_left_and_know_their_tokenizer(photos, tmp_path, monkeypatch):
    monkeypatch.setattr("mmssl.pipelines.codes.shards.ITEMS", 4)
    tokenizer = Brightness()
    source = tokenizer.data.open(str(photos))

    def breaks(part):
        if len(tokenizer.encoded) > 4:
            raise KeyboardInterrupt
        return tokenizer.encode(part)

    with pytest.raises(KeyboardInterrupt):
        write_codes(tmp_path / "codes", source, breaks, SPEC)
    done, seen = len(tokenizer.encoded), []
    assert 0 < done < 10
    given = {"progress": lambda *counts: seen.append(counts)}
    write_codes(tmp_path / "codes", source, tokenizer.encode, SPEC, **given)
    assert sorted(tokenizer.encoded) == sorted(source.names)
    assert seen[-1] == (10, 10)
    data = Codes(str(tmp_path / "codes"), level="bottom", batch_size=2).prepare()
    [found] = data.examples(data.items).as_numpy_iterator()
    np.testing.assert_array_equal(found["codes"], expected(photos, 4))
    with pytest.raises(ValueError, match=r"another tokenizer \(codes differ\)"):
        write_codes(tmp_path / "codes", source, tokenizer.encode, CodeSpec(16, SPEC.shapes))


def test_labels_are_numbered_by_their_names_and_kept(photos, run, tmp_path):
    given = {"label_column": "folder", "conditions": {"label": 3}}
    data = codes_of(photos, run, **given).prepare(tmp_path)
    assert data.encoder_arguments()["labels"] == (3,)
    found = elements(data, 2)
    at = {codes.tobytes(): 1 + place // 5 for place, codes in enumerate(expected(photos, 2))}
    assert [at[codes.tobytes()] for codes in found["codes"]] == found["labels"][:, 0].tolist()
    kept = Codes("nowhere", tokens="gone", conditions={"label": 3})
    kept.restore(tmp_path)
    [found] = kept.fixed_elements(data.items.select([9, 0])).as_numpy_iterator()
    assert found["labels"].tolist() == [[2], [1]]
    with pytest.raises(ValueError, match="too few for the 2 of the data and the unknown one"):
        codes_of(photos, run, **given | {"conditions": {"label": 2}}).prepare()
    with pytest.raises(ValueError, match="'genre': choose one of label"):
        codes_of(photos, run, **given | {"conditions": {"genre": 2}}).prepare()


def test_arrays_are_codes_by_themselves():
    array = np.arange(32).reshape(2, 4, 4) % 16
    data = Codes(array, entries=16, batch_size=2).prepare()
    [found] = data.examples(data.items).as_numpy_iterator()
    np.testing.assert_array_equal(found["codes"], array)
    with pytest.raises(ValueError, match="other codes than 0 to 7"):
        Codes(array, entries=8, batch_size=2).prepare()


def test_what_says_nothing_of_its_codes_is_refused(photos, run, tmp_path):
    with pytest.raises(ValueError, match=r"holds no codes: name the run .* --data.tokens"):
        Codes(str(photos)).prepare()
    with pytest.raises(ValueError, match=r"has no codes\.json"):
        Codes(str(photos), tokens=str(tmp_path / "nothing")).prepare()
    with pytest.raises(ValueError, match="when a run is trained or evaluated"):
        Codes(str(photos), tokens=str(run)).prepare()
    with pytest.raises(ValueError, match="level='middle' must be one of top, bottom"):
        codes_of(photos, run, level="middle").method_arguments()
    (run / "codes.json").write_text('{"entries": "many", "shapes": {"a": [1]}}')
    with pytest.raises(ValueError, match="does not say what its codes are"):
        codes_of(photos, run).prepare()
    assert Codes().method_arguments() == {}
    assert open_source("builtin:photos", (".png",)).index is None
